"""A login API: FastAPI with Starlette's CORS and session middleware.

    uvicorn app:app --port 4102
"""

import os
from collections import Counter

from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.sessions import SessionMiddleware

app = FastAPI()
asked = Counter()

app.add_middleware(
    SessionMiddleware,
    secret_key="an example's key",
    session_cookie="session",
    same_site=os.environ.get("SESSION_SAME_SITE", "lax"),
    https_only=os.environ.get("SESSION_HTTPS_ONLY", "false") == "true",
    domain=os.environ.get("SESSION_DOMAIN") or None,
)
app.add_middleware(
    CORSMiddleware,
    allow_origins=os.environ.get("ALLOW_ORIGINS", "http://localhost:5173").split(","),
    allow_credentials=True,
    allow_methods=["*"],
    allow_headers=["*"],
)


@app.middleware("http")
async def count(request: Request, call_next):
    if request.url.path != "/asked":
        asked[f"{request.method} {request.url.path}"] += 1
    return await call_next(request)


class Login(BaseModel):
    email: str
    password: str


@app.post("/login")
async def login(login: Login, request: Request):
    if login.password != "correct horse":
        raise HTTPException(400, "wrong password")
    request.session["user"] = login.email
    return {"detail": "welcome"}


@app.get("/me")
async def me(request: Request):
    if "user" not in request.session:
        raise HTTPException(401, "not logged in")
    return {"user": request.session["user"]}


@app.get("/asked")
async def all_asked():
    return asked
