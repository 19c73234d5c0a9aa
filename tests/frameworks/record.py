"""Records what Django and Starlette really answer to the cases of `cases/`, into `recorded/`.

    python3 -m venv venv
    venv/bin/pip install django djangorestframework djangorestframework-simplejwt django-cors-headers \
        starlette fastapi itsdangerous python-multipart
    venv/bin/python tests/frameworks/record.py

A case is settings and a play: requests in order, with a cookie jar between them that knows names and
values alone, for what is recorded is the server. What is kept of an answer is its status, its Set-Cookie
lines and the headers named in KEPT, as they came; the test makes random values and times comparable.
`False` stands for `None`, which neither JSON nor TOML can write for every setting.
"""

import asyncio
import importlib.metadata
import io
import json
import os
import re
import sys
import time
from pathlib import Path
from urllib.parse import unquote, urlencode, urlsplit

HERE = Path(__file__).parent
KEPT = re.compile(
    "access-control-.*|vary|location|allow|www-authenticate|strict-transport-security|referrer-policy"
    "|cross-origin-opener-policy|x-content-type-options|x-frame-options"
)


class Client:
    """Asks one case's requests in order, and keeps cookies between them."""

    def __init__(self, url, send):
        self.url, self.send = urlsplit(url), send
        self.jar, self.was, self.body = {}, {}, {}

    def filled(self, text):
        def value(found):
            kind, name = found[1], found[2]
            source = {"cookie": self.jar, "was": self.was, "body": self.body}[kind]
            return source.get(name, "nothing")

        return re.sub(r"\{(cookie|was|body):([^}]+)\}", value, text)

    def ask(self, request):
        method, path = request["ask"].split(" ")
        headers = {"host": self.url.netloc}
        if request.get("cookies", True) and self.jar:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        headers |= {name: self.filled(value) for name, value in request.get("headers", {}).items()}
        body = b""
        if "form" in request:
            body = urlencode({name: self.filled(value) for name, value in request["form"].items()}).encode()
            headers["content-type"] = "application/x-www-form-urlencoded"
        if "json" in request:
            body = self.filled(json.dumps(request["json"])).encode()
            headers["content-type"] = "application/json"
        if body:
            headers["content-length"] = str(len(body))
        status, answered, text = self.send(self.url, method, path, headers, body)
        # Django's lines begin with a space, which is no part of a field's value.
        lines = [value.strip() for name, value in answered if name.lower() == "set-cookie"]
        for line in lines:
            self.store(line)
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = {}
        for name, value in parsed.items() if isinstance(parsed, dict) else []:
            if isinstance(value, str):
                self.was[name] = self.body.get(name, value)
                self.body[name] = value
        kept = [[name.lower(), value] for name, value in answered if KEPT.fullmatch(name.lower())]
        return {"status": status, "set_cookie": lines, "headers": sorted(kept), "at": int(time.time())}

    def store(self, line):
        pair, _, attributes = line.partition(";")
        name, _, value = pair.partition("=")
        if name in self.jar:
            self.was[name] = self.jar[name]
        if re.search(r"max-age=0|expires=\w+, 01.jan.1970", attributes, re.I):
            self.jar.pop(name, None)
        else:
            self.jar[name] = value


def absent(value):
    return None if value is False else value


# Django


def timedeltas(settings):
    from datetime import timedelta

    def real(value):
        if isinstance(value, str) and (found := re.fullmatch(r"timedelta\((.*)\)", value)):
            parts = (part.split("=") for part in found[1].split(","))
            return timedelta(**{unit.strip(): int(number) for unit, number in parts})
        return value

    return {name: real(value) for name, value in settings.items()}


APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "corsheaders",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


def django_app(case, routes):
    settings = dict(case["settings"])
    nothing = ["CSRF_COOKIE_AGE"]
    settings |= {name: None for name in nothing if settings.get(name) is False}
    # The convention of projects that keep SimpleJWT's tokens in cookies; SimpleJWT does not read these.
    jwt = timedeltas(settings.pop("SIMPLE_JWT", {}))
    own = {name: jwt.pop(name) for name in list(jwt) if name.startswith("AUTH_COOKIE")}
    if "SECURE_PROXY_SSL_HEADER" in settings:
        settings["SECURE_PROXY_SSL_HEADER"] = tuple(settings["SECURE_PROXY_SSL_HEADER"])
    middleware = settings.pop("MIDDLEWARE", None)
    if middleware is None:
        cors = any(name.startswith("CORS_") for name in settings)
        middleware = [name for name in MIDDLEWARE if cors or not name.startswith("corsheaders")]
    declared = case.get("own_middleware", {})
    middleware = [f"own.{list(declared).index(name)}" if name in declared else name for name in middleware]

    from django.conf import settings as configured

    configured.configure(
        **{
            "SECRET_KEY": "a-secret-key-that-is-for-recording-only",
            "ALLOWED_HOSTS": ["*"],
            "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
            "INSTALLED_APPS": APPS,
            "MIDDLEWARE": middleware,
            "ROOT_URLCONF": "urls",
            "SIMPLE_JWT": jwt,
            "LOGGING_CONFIG": None,
            "USE_TZ": True,
            **settings,
        }
    )
    import logging

    logging.disable()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)

    from django.contrib import auth
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse, JsonResponse
    from django.middleware.csrf import get_token
    from django.urls import path as at
    from django.views.decorators.csrf import csrf_exempt
    from django.views.decorators.http import require_http_methods
    from rest_framework.response import Response
    from rest_framework.views import APIView
    from rest_framework_simplejwt.authentication import JWTAuthentication
    from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
    from rest_framework_simplejwt.serializers import TokenBlacklistSerializer, TokenRefreshSerializer
    from rest_framework_simplejwt.settings import api_settings
    from rest_framework_simplejwt.tokens import RefreshToken

    admin = auth.get_user_model().objects.create(username="admin")
    admin.backend = "django.contrib.auth.backends.ModelBackend"

    class OwnMiddleware:
        """A project's own: answers by itself where a cookie is missing."""

        def __init__(self, index):
            self.settings = list(declared.values())[index]

        def __call__(self, get_response):
            def middleware(request):
                passes = self.settings["requires_cookie"] in request.COOKIES
                if passes or request.path in self.settings.get("except", []):
                    return get_response(request)
                return JsonResponse({}, status=self.settings.get("status", 401))

            return middleware

    own_module = type(sys)("own")
    for index in range(len(declared)):
        setattr(own_module, str(index), OwnMiddleware(index))
    sys.modules["own"] = own_module

    def cookie_options():
        return {
            "domain": own.get("AUTH_COOKIE_DOMAIN"),
            "path": own.get("AUTH_COOKIE_PATH", "/"),
            "secure": own.get("AUTH_COOKIE_SECURE", False),
            "httponly": own.get("AUTH_COOKIE_HTTP_ONLY", True),
            "samesite": own.get("AUTH_COOKIE_SAMESITE", "Lax"),
        }

    def tokens(data):
        """The tokens in cookies where AUTH_COOKIE names one, else in the body."""
        names = {"access": own.get("AUTH_COOKIE"), "refresh": own.get("AUTH_COOKIE_REFRESH")}
        ages = {"access": api_settings.ACCESS_TOKEN_LIFETIME, "refresh": api_settings.REFRESH_TOKEN_LIFETIME}
        response = Response({kind: token for kind, token in data.items() if not names[kind]})
        for kind, token in data.items():
            if names[kind]:
                response.set_cookie(names[kind], token, max_age=ages[kind], **cookie_options())
        return response

    def refresh_of(request):
        name = own.get("AUTH_COOKIE_REFRESH")
        token = request.COOKIES.get(name) if name else request.data.get("refresh")
        return {"refresh": token} if token is not None else {}

    def checked(serializer):
        try:
            serializer.is_valid(raise_exception=True)
        except TokenError as error:
            raise InvalidToken(error.args[0]) from error
        return serializer.validated_data

    class Api(APIView):
        authentication_classes = ()
        permission_classes = ()
        www_authenticate_realm = "api"

        def get_authenticate_header(self, request):
            word = api_settings.AUTH_HEADER_TYPES[0]
            return f'{word} realm="{self.www_authenticate_realm}"'

    class Obtain(Api):
        def post(self, request):
            refresh = RefreshToken.for_user(admin)
            return tokens({"refresh": str(refresh), "access": str(refresh.access_token)})

    class Refresh(Api):
        def post(self, request):
            return tokens(checked(TokenRefreshSerializer(data=refresh_of(request))))

    class Blacklist(Api):
        def post(self, request):
            response = Response(checked(TokenBlacklistSerializer(data=refresh_of(request))))
            options = cookie_options()
            for name in filter(None, [own.get("AUTH_COOKIE"), own.get("AUTH_COOKIE_REFRESH")]):
                response.delete_cookie(
                    name, path=options["path"], domain=options["domain"], samesite=options["samesite"]
                )
            return response

    def login(request):
        auth.login(request, admin)
        return JsonResponse({"user": "admin"})

    def logout(request):
        auth.logout(request)
        return JsonResponse({})

    def me(request):
        if "SIMPLE_JWT" in case["settings"]:
            return MeByToken.as_view()(request)
        if hasattr(request, "user") and request.user.is_authenticated:
            return JsonResponse({"user": "admin"})
        return JsonResponse({}, status=401)

    class FromCookie(JWTAuthentication):
        def get_header(self, request):
            name = own.get("AUTH_COOKIE")
            token = request.COOKIES.get(name) if name else None
            if token is None or super().get_header(request) is not None:
                return super().get_header(request)
            return f"{api_settings.AUTH_HEADER_TYPES[0]} {token}".encode()

    class MeByToken(APIView):
        authentication_classes = (FromCookie,)

        def get_permissions(self):
            from rest_framework.permissions import IsAuthenticated

            return [IsAuthenticated()]

        def get(self, request):
            return Response({"user": request.user.username})

    def csrf(request):
        return JsonResponse({"csrfToken": get_token(request)})

    def session(request):
        request.session["seen"] = True
        return JsonResponse({})

    views = {
        "login": login,
        "logout": logout,
        "me": me,
        "csrf": csrf,
        "session": session,
        "token_obtain_pair": Obtain.as_view(),
        "token_refresh": Refresh.as_view(),
        "token_blacklist": Blacklist.as_view(),
    }

    def plain(route):
        def view(request):
            response = JsonResponse(route["json"], status=route.get("status", 200))
            for options in route.get("response", {}).get("set_cookie", []):
                response.set_cookie(**options)
            for options in route.get("response", {}).get("delete_cookie", []):
                response.delete_cookie(**options)
            return response

        return view

    by_path = {}
    for route in routes:
        method, path = route["at"].split(" ")
        view = views[route["does"]] if "does" in route else plain(route)
        # The views of Django REST framework, and no others, know their methods.
        if not hasattr(view, "view_class"):
            view = require_http_methods([method, "HEAD"] if method == "GET" else [method])(view)
        by_path.setdefault(path, []).append((method, csrf_exempt(view) if route.get("csrf_exempt") else view))

    urls = type(sys)("urls")
    urls.urlpatterns = [at(path[1:], views[0][1]) for path, views in by_path.items()]
    sys.modules["urls"] = urls
    application = get_wsgi_application()

    def send(url, method, path, headers, body):
        path, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "SCRIPT_NAME": "",
            "QUERY_STRING": query,
            "SERVER_NAME": url.hostname,
            "SERVER_PORT": str(url.port or {"https": 443, "http": 80}[url.scheme]),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": url.scheme,
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.version": (1, 0),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        answered = []
        response = application(environ, lambda status, fields: answered.extend([status, fields]))
        text = b"".join(response)
        response.close()
        return int(answered[0].split(" ")[0]), answered[1], text

    return send


# Starlette and FastAPI


def starlette_app(kind):
    def app(case, routes):
        from starlette.applications import Starlette
        from starlette.middleware.cors import CORSMiddleware
        from starlette.middleware.sessions import SessionMiddleware
        from starlette.responses import JSONResponse
        from starlette.routing import Route

        def endpoint(route):
            async def handle(request):
                session = request.session if "does" in route else None
                match route.get("does"):
                    case "login":
                        session["user"] = "admin"
                        return JSONResponse({"user": "admin"})
                    case "logout":
                        session.clear()
                        return JSONResponse({})
                    case "me":
                        # `get` alone says that the session was read.
                        session.mark_accessed()
                        user = session.get("user")
                        return JSONResponse({"user": user} if user else {}, status_code=200 if user else 401)
                headers = route.get("headers")
                response = JSONResponse(route["json"], status_code=route.get("status", 200), headers=headers)
                for call in ["set_cookie", "delete_cookie"]:
                    for options in route.get("response", {}).get(call, []):
                        real = {name: absent(v) if name in ("path", "samesite") else v for name, v in options.items()}
                        getattr(response, call)(**real)
                return response

            return handle

        middleware = {"CORSMiddleware": CORSMiddleware, "SessionMiddleware": SessionMiddleware}
        usable = [route for route in routes if "does" not in route or "SessionMiddleware" in case["settings"]]
        if kind == "fastapi":
            from fastapi import FastAPI

            application = FastAPI()
        else:
            application = Starlette()
        for route in usable:
            method, path = route["at"].split(" ")
            application.router.routes.append(Route(path, endpoint(route), methods=[method]))
        # The last one added is the outermost.
        for name in ["SessionMiddleware", "CORSMiddleware"]:
            if name in case["settings"]:
                options = {key: absent(v) if key == "max_age" else v for key, v in case["settings"][name].items()}
                application.add_middleware(middleware[name], **options)

        def send(url, method, path, headers, body):
            path, _, query = path.partition("?")
            scope = {
                "type": "http",
                "asgi": {"version": "3.0"},
                "http_version": "1.1",
                "method": method,
                "scheme": url.scheme,
                "path": unquote(path),
                "raw_path": path.encode(),
                "root_path": "",
                "query_string": query.encode(),
                "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
                "client": ("127.0.0.1", 1),
                "server": (url.hostname, 443),
            }
            answered = []

            async def receive():
                return {"type": "http.request", "body": body, "more_body": False}

            async def keep(message):
                answered.append(message)

            asyncio.run(application(scope, receive, keep))
            fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answered[0]["headers"]]
            # Starlette joins a set, whose order is another in each process.
            fields = [(name, ", ".join(sorted(value.split(", "))) if name == "allow" else value) for name, value in fields]
            return answered[0]["status"], fields, b"".join(message.get("body", b"") for message in answered[1:])

        return send

    return app


def record(case, table, app):
    routes = list(table["routes"])
    if case["play"] == "cookies":
        slash = "/" if routes[0]["at"].endswith("/") else ""
        routes.append({"at": f"GET /set{slash}", "json": {}, "response": {"set_cookie": case.pop("set")}})
        routes.append({"at": f"GET /delete{slash}", "json": {}, "response": {"delete_cookie": case.pop("delete")}})
        case["routes"] = routes[-2:]
    requests = table["plays"][case["play"]]
    client = Client(case.get("url", table["url"]), app(case, routes))
    return [client.ask(request) for request in requests]


def apart(work):
    """What `work` returns, done in a process of its own: both frameworks read their settings once."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        with os.fdopen(writer, "w") as out:
            json.dump(work(), out)
            out.flush()
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as result:
        text = result.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise SystemExit("a case could not be recorded")
    return json.loads(text)


def without_random(answers):
    return [(answer["status"], answer["headers"], len(answer["set_cookie"])) for answer in answers]


def written(versions, cases):
    """One line an answer, so that a change of one shows as one."""

    def line(value):
        return json.dumps(value, ensure_ascii=False)

    each = [
        f' {{"name": {line(case["name"])}, "answers": [\n  '
        + ",\n  ".join(line(answer) for answer in case["answers"])
        + "\n ]}"
        for case in cases
    ]
    return f'{{"versions": {line(versions)},\n"cases": [\n' + ",\n".join(each) + "\n]}\n"


def main():
    packages = {
        "django": ["Django", "djangorestframework", "djangorestframework-simplejwt", "django-cors-headers", "PyJWT"],
        "starlette": ["starlette", "fastapi", "itsdangerous"],
    }
    for framework, names in packages.items():
        table = json.loads((HERE / "cases" / f"{framework}.json").read_text())
        recorded = []
        for case in table["cases"]:

            def work(case=case, framework=framework):
                apps = [django_app] if framework == "django" else [starlette_app("starlette"), starlette_app("fastapi")]
                answers = [record(copy, table, app) for app in apps for copy in [json.loads(json.dumps(case))]]
                if framework == "starlette":
                    same = without_random(answers[0]) == without_random(answers[1])
                    assert same, f"FastAPI answers `{case['name']}` otherwise"
                return answers[0]

            recorded.append({"name": case["name"], "answers": apart(work)})
        versions = {"python": sys.version.split()[0]}
        versions |= {name: importlib.metadata.version(name) for name in names}
        (HERE / "recorded" / f"{framework}.json").write_text(written(versions, recorded))
        print(framework, len(recorded), "cases", versions)


main()
