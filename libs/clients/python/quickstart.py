"""Registers a made-up car, decodes its VIN, asks where it may go, and shows a refusal.

    TONGGUAN=http://127.0.0.1:7070 TOKEN=$(tongguan token --role exporter --tenant acme) python quickstart.py
"""

import datetime
import os
import random

from google.protobuf.struct_pb2 import Struct
from google.type.date_pb2 import Date

import tongguan
from tongguan.common.v1 import vehicle_pb2 as common
from tongguan.destinations.v1.destinations_pb2 import Outcome
from tongguan.gateway.v1.readiness_pb2 import CheckReadinessRequest, Listing
from tongguan.registry.v1.registry_pb2 import (
    DecodeVinRequest,
    DecodeVinResponse,
    RegisterVehicleRequest,
    VehicleDetails,
)


def made_up_vin() -> str:
    """A VIN nobody has, with the check digit of GB 16735 in position 9."""
    values = dict(zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", [*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)]))
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    vin = f"LSVTGA210N2{random.randrange(10**6):06}"
    remainder = sum(values[sign] * weight for sign, weight in zip(vin, weights)) % 11
    return f"{vin[:8]}{'0123456789X'[remainder]}{vin[9:]}"


def car(vin: str) -> VehicleDetails:
    return VehicleDetails(
        vin=vin,
        brand="大众牌",
        model="SVW71510BU",
        category=common.VEHICLE_CATEGORY_M1,
        vehicle_type="K33",
        use_nature="A",
        colour="A",
        powertrain=common.POWERTRAIN_ICE,
        fuel=common.FUEL_PETROL,
        steering=common.STEERING_LEFT,
        engine_cc=1498,
        seats=5,
        emission_stage="china.6b",
        manufactured=Date(year=2022, month=3, day=1),
        model_year=2022,
        first_registered=Date(year=2022, month=4, day=6),
    )


def main() -> None:
    with tongguan.connect(os.environ["TONGGUAN"], os.environ["TOKEN"]) as client:
        vin = made_up_vin()
        stored = client.registry.RegisterVehicle(RegisterVehicleRequest(request_id=vin, vehicle=car(vin)))
        print(f"registered {stored.details.vin} version {stored.version}")

        decoded = client.registry.DecodeVin(DecodeVinRequest(text=vin))
        check_digit = DecodeVinResponse.CheckDigit.Name(decoded.check_digit)
        print(f"decoded    {decoded.maker}, {decoded.region}, {list(decoded.model_years)}, {check_digit}")

        facts = Struct()
        arrival = datetime.date.today() + datetime.timedelta(days=30)
        facts.update({"vehicle.body": "sedan", "trip.arrival": arrival.isoformat()})
        ready = client.readiness.CheckReadiness(
            CheckReadinessRequest(listing=Listing(vin=vin, facts=facts), markets=["KE", "AE"])
        )
        for market in ready.markets:
            reasons = [reason.rule for reason in market.verdict.reasons if reason.decisive]
            print(f"{market.market}         {Outcome.Name(market.outcome)} {' '.join(reasons)}")
        print(f"unreachable {list(ready.unreachable)}")

        try:
            client.registry.RegisterVehicle(RegisterVehicleRequest(vehicle=VehicleDetails(vin=vin[:-1], brand="大众牌")))
        except tongguan.TongguanError as refused:
            print(f"refused    {refused.reason}")
            for field, description in sorted(refused.violations):
                print(f"  {field}: {description}")


if __name__ == "__main__":
    main()
