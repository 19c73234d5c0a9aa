"""A login API: Django, REST framework, SimpleJWT with its tokens in cookies, django-cors-headers.

    PORT=4101 python app.py

What differs between a laptop and production is in the environment, as it should be.
"""

import os
import sys
from collections import Counter

from django.conf import settings


def flag(name, default):
    return os.environ.get(name, default).lower() in ("1", "true", "yes")


settings.configure(
    DEBUG=False,
    SECRET_KEY="an example's key, long enough for HS256 and of no use anywhere else",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "corsheaders", "rest_framework"],
    MIDDLEWARE=[
        "app.Counted" if __name__ != "__main__" else "__main__.Counted",
        "corsheaders.middleware.CorsMiddleware",
        "django.middleware.common.CommonMiddleware",
    ],
    REST_FRAMEWORK={"UNAUTHENTICATED_USER": None, "DEFAULT_AUTHENTICATION_CLASSES": []},
    CORS_ALLOWED_ORIGINS=os.environ.get("CORS_ALLOWED_ORIGINS", "http://localhost:3000").split(","),
    CORS_ALLOW_CREDENTIALS=True,
    AUTH_COOKIE="user_access_token",
    AUTH_COOKIE_SAMESITE=os.environ.get("AUTH_COOKIE_SAMESITE", "Lax"),
    AUTH_COOKIE_SECURE=flag("AUTH_COOKIE_SECURE", "false"),
)

import django  # noqa: E402

django.setup()

from django.http import JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework.decorators import api_view  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework_simplejwt.exceptions import TokenError  # noqa: E402
from rest_framework_simplejwt.tokens import AccessToken  # noqa: E402

ASKED = Counter()


class Counted:
    """Counts what was asked, so that a test can show that nothing was asked twice."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path != "/asked":
            ASKED[f"{request.method} {request.path}"] += 1
        return self.get_response(request)


@api_view(["POST"])
def login(request):
    if request.data.get("password") != "correct horse":
        return Response({"detail": "wrong password"}, status=400)
    token = AccessToken()
    token["user_id"] = request.data.get("email")
    response = Response({"detail": "welcome"})
    response.set_cookie(
        settings.AUTH_COOKIE,
        str(token),
        httponly=True,
        samesite=settings.AUTH_COOKIE_SAMESITE,
        secure=settings.AUTH_COOKIE_SECURE,
    )
    return response


@api_view(["GET"])
def me(request):
    try:
        token = AccessToken(request.COOKIES.get(settings.AUTH_COOKIE, ""))
    except TokenError:
        return Response({"detail": "Authentication credentials were not provided."}, status=401)
    return Response({"user": token["user_id"]})


def asked(_request):
    return JsonResponse(ASKED)


urlpatterns = [path("api/v1/auth/login/", login), path("api/v1/me/", me), path("asked", asked)]

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line([sys.argv[0], "runserver", "--noreload", f"127.0.0.1:{os.environ.get('PORT', '4101')}"])
