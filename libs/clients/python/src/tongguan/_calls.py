"""What happens on every call: the token and a deadline go out, a refusal comes back as TongguanError."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import grpc

from tongguan.errors import TongguanError


class Details(NamedTuple):
    """The parameters of a call, in the shape that grpc asks of interceptors."""

    method: str
    timeout: float | None
    metadata: list[tuple[str, str | bytes]]
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: Any


class Calls(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """One interceptor for the four shapes of a call."""

    def __init__(self, token: str | None, timeout: float | None) -> None:
        self._bearer = [] if token is None else [("authorization", f"Bearer {token.strip()}")]
        self._timeout = timeout

    def intercept_unary_unary(self, continuation: Callable, details: Any, request: Any) -> Any:
        return _answer(continuation(self._dressed(details, self._timeout), request))

    def intercept_stream_unary(self, continuation: Callable, details: Any, requests: Any) -> Any:
        return _answer(continuation(self._dressed(details, None), requests))

    def intercept_unary_stream(self, continuation: Callable, details: Any, request: Any) -> Any:
        return Stream(continuation(self._dressed(details, None), request))

    def intercept_stream_stream(self, continuation: Callable, details: Any, requests: Any) -> Any:
        return Stream(continuation(self._dressed(details, None), requests))

    def _dressed(self, details: Any, timeout: float | None) -> Details:
        return Details(
            details.method,
            timeout if details.timeout is None else details.timeout,
            [*(details.metadata or ()), *self._bearer],
            details.credentials,
            getattr(details, "wait_for_ready", None),
            getattr(details, "compression", None),
        )


def _answer(call: Any) -> Any:
    # A call made with `.future()` is not done yet: waiting here would take its point away.
    if not call.done():
        return Future(call)
    error = call.exception()
    if isinstance(error, grpc.RpcError):
        raise TongguanError(error) from None
    return call


class _Wrapped:
    """A call of which everything not named here is grpc's own."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)


class Future(_Wrapped):
    """A call under way."""

    def result(self, timeout: float | None = None) -> Any:
        try:
            return self._call.result(timeout)
        except grpc.RpcError as error:
            raise TongguanError(error) from None

    def exception(self, timeout: float | None = None) -> BaseException | None:
        error = self._call.exception(timeout)
        return TongguanError(error) if isinstance(error, grpc.RpcError) else error


class Stream(_Wrapped):
    """The messages of a stream, as they come."""

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._call)
        except grpc.RpcError as error:
            raise TongguanError(error) from None
