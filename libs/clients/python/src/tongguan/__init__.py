"""A client of Tongguan: every service behind one channel, the token on every call, refusals as exceptions.

    from tongguan.registry.v1.registry_pb2 import DecodeVinRequest

    with tongguan.connect("http://127.0.0.1:7070", token) as client:
        print(client.registry.DecodeVin(DecodeVinRequest(text="LSVTGA219N2000001")).maker)
"""

from __future__ import annotations

import grpc

from tongguan._calls import Calls
from tongguan.clearance.v1 import clearance_pb2_grpc
from tongguan.destinations.v1 import destinations_pb2_grpc
from tongguan.errors import TongguanError, Violation
from tongguan.gateway.v1 import events_pb2_grpc, readiness_pb2_grpc, sandbox_pb2_grpc
from tongguan.inspection.v1 import inspection_pb2_grpc
from tongguan.maintenance.v1 import maintenance_pb2_grpc
from tongguan.registry.v1 import registry_pb2_grpc

__all__ = ["Client", "TongguanError", "Violation", "connect"]


class Client:
    """The stubs of every service on one channel. Use it in a `with` block, or close it yourself."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel
        self.registry = registry_pb2_grpc.VehicleRegistryStub(channel)
        self.inspection = inspection_pb2_grpc.InspectionIntakeStub(channel)
        self.maintenance = maintenance_pb2_grpc.MaintenanceLookupStub(channel)
        self.destinations = destinations_pb2_grpc.DestinationRulesStub(channel)
        self.clearance = clearance_pb2_grpc.ExportClearanceStub(channel)
        self.readiness = readiness_pb2_grpc.ExportReadinessStub(channel)
        self.events = events_pb2_grpc.EventsStub(channel)
        self.webhooks = events_pb2_grpc.WebhooksStub(channel)
        self.sandbox = sandbox_pb2_grpc.SandboxStub(channel)

    def close(self) -> None:
        """Ends the channel and every call still open on it."""
        self.channel.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(
    address: str,
    token: str | None = None,
    *,
    credentials: grpc.ChannelCredentials | None = None,
    timeout: float | None = 30.0,
) -> Client:
    """Returns the stubs of the suite at `address`: "http://127.0.0.1:7070", "https://…", or "host:port" alone.

    `token` is what `tongguan token` printed; without one only the public methods answer. With "https" the system's
    authorities are trusted; `credentials` of `grpc.ssl_channel_credentials` name others or show a certificate. Without
    either everything, the token included, is sent in the clear: for loopback and behind a proxy of your own. `timeout`
    is the deadline in seconds of calls that name none; streams have none unless they name one. Nothing is sent before
    the first call.
    """
    scheme, _, target = address.rpartition("://")
    if scheme == "https" and credentials is None:
        credentials = grpc.ssl_channel_credentials()
    target = target.rstrip("/")
    options = [("grpc.max_receive_message_length", -1)]  # the server's own limits hold
    if credentials is None:
        channel = grpc.insecure_channel(target, options)
    else:
        channel = grpc.secure_channel(target, credentials, options)
    return Client(grpc.intercept_channel(channel, Calls(token, timeout)))
