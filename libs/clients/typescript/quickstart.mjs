// Registers a made-up car, decodes its VIN, asks where it may go, and shows a refusal.
//
//   TONGGUAN=http://127.0.0.1:7070 TOKEN=$(tongguan token --role exporter --tenant acme) npm run quickstart

import { connect, refusal } from "tongguan";
import { Fuel, Powertrain, Steering, VehicleCategory } from "tongguan/common/v1/vehicle.js";
import { OutcomeSchema } from "tongguan/destinations/v1/destinations.js";
import { DecodeVinResponse_CheckDigitSchema } from "tongguan/registry/v1/registry.js";

/** A VIN nobody has, with the check digit of GB 16735 in position 9. */
function madeUpVin() {
  const values = Object.fromEntries([..."0123456789"].map((digit) => [digit, Number(digit)]));
  [..."ABCDEFGH"].forEach((letter, index) => (values[letter] = index + 1));
  [..."JKLMN"].forEach((letter, index) => (values[letter] = index + 1));
  [..."STUVWXYZ"].forEach((letter, index) => (values[letter] = index + 2));
  Object.assign(values, { P: 7, R: 9 });
  const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
  const vin = `LSVTGA210N2${String(Math.floor(Math.random() * 1e6)).padStart(6, "0")}`;
  const remainder = [...vin].reduce((sum, sign, index) => sum + values[sign] * weights[index], 0) % 11;
  return vin.slice(0, 8) + "0123456789X"[remainder] + vin.slice(9);
}

const car = (vin) => ({
  vin,
  brand: "大众牌",
  model: "SVW71510BU",
  category: VehicleCategory.M1,
  vehicleType: "K33",
  useNature: "A",
  colour: "A",
  powertrain: Powertrain.ICE,
  fuel: Fuel.PETROL,
  steering: Steering.LEFT,
  engineCc: 1498,
  seats: 5,
  emissionStage: "china.6b",
  manufactured: { year: 2022, month: 3, day: 1 },
  modelYear: 2022,
  firstRegistered: { year: 2022, month: 4, day: 6 },
});
const name = (schema, number) => schema.value[number]?.name ?? String(number);

const client = connect(process.env.TONGGUAN, process.env.TOKEN, { timeoutMs: 30_000 });
const vin = madeUpVin();
const stored = await client.registry.registerVehicle({ requestId: vin, vehicle: car(vin) });
console.log(`registered ${stored.details?.vin} version ${stored.version}`);

const decoded = await client.registry.decodeVin({ text: vin });
const checkDigit = name(DecodeVinResponse_CheckDigitSchema, decoded.checkDigit);
console.log(`decoded    ${decoded.maker}, ${decoded.region}, [${decoded.modelYears.join(", ")}], ${checkDigit}`);

const arrival = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
const ready = await client.readiness.checkReadiness({
  listing: { vin, facts: { "vehicle.body": "sedan", "trip.arrival": arrival } },
  markets: ["KE", "AE"],
});
for (const { market, outcome, verdict } of ready.markets) {
  const reasons = verdict?.reasons.filter(({ decisive }) => decisive).map(({ rule }) => rule) ?? [];
  console.log(`${market}         ${name(OutcomeSchema, outcome)} ${reasons.join(" ")}`);
}
console.log(`unreachable [${ready.unreachable.join(", ")}]`);

try {
  await client.registry.registerVehicle({ vehicle: { vin: vin.slice(0, -1), brand: "大众牌" } });
} catch (error) {
  const { reason, violations } = refusal(error);
  console.log(`refused    ${reason}`);
  const lines = violations.map(({ field, description }) => `  ${field}: ${description}`);
  for (const line of lines.sort()) console.log(line);
}
