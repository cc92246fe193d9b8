"""Refusals with what the server says of them: the reason of the catalogue, every wrong field, when to come back."""

from __future__ import annotations

from typing import Any, NamedTuple

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2


class Violation(NamedTuple):
    """One wrong field: its path in the request, such as "vehicle.vin", and what is wrong with it."""

    field: str
    description: str


class TongguanError(grpc.RpcError):
    """A call that was not answered.

    `reason` is a name of the public catalogue (`ErrorReason` without its prefix, as `/docs` lists them), or empty where
    the suite itself gave no answer. `violations` holds every wrong field at once. `retry_after` is in seconds, and
    None where the server named no time.
    """

    def __init__(self, error: Any) -> None:
        self.code: grpc.StatusCode = error.code()
        self.message: str = error.details() or ""
        self.reason = ""
        self.metadata: dict[str, str] = {}
        self.violations: list[Violation] = []
        self.retry_after: float | None = None
        for detail in _details(error):
            self._take(detail)
        super().__init__(str(self))

    def _take(self, detail: Any) -> None:
        info = error_details_pb2.ErrorInfo()
        bad = error_details_pb2.BadRequest()
        retry = error_details_pb2.RetryInfo()
        if detail.Unpack(info) and info.domain == "tongguan":
            self.reason = info.reason
            self.metadata = dict(info.metadata)
        elif detail.Unpack(bad):
            self.violations += [Violation(each.field, each.description) for each in bad.field_violations]
        elif detail.Unpack(retry):
            self.retry_after = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9

    def __str__(self) -> str:
        return f"{self.reason or self.code.name}: {self.message}"


def _details(error: Any) -> list[Any]:
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            try:
                return list(status_pb2.Status.FromString(value).details)
            except DecodeError:  # a proxy's work: code and message are there all the same
                return []
    return []
