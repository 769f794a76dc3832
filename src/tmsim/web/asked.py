"""Bodies of requests: JSON, checked, and refused in one sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel

from tmsim.core import InputError
from tmsim.plan.read import checked

Model = TypeVar("Model", bound=BaseModel)

_MOST_BYTES = 2**22


def body_as(model: type[Model]) -> Callable[[Request], Awaitable[Model]]:
    """A dependency that reads the body of a request as ``model``."""

    async def read(request: Request) -> Model:
        content = bytearray()
        async for part in request.stream():
            content += part
            if len(content) > _MOST_BYTES:
                raise InputError("request", "more than 4 MiB", "less")
        try:
            return checked(model, content.decode("utf-8"), name="request")
        except UnicodeDecodeError:
            raise InputError("request", "bytes that are not UTF-8", "JSON") from None

    return read
