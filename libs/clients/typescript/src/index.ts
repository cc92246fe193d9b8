/** A client of Tongguan: every service behind one connection, the token on every call, refusals with their reason. */

import { durationMs } from "@bufbuild/protobuf/wkt";
import type { DescService } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../generated/google/rpc/error_details_pb.js";
import { ExportClearance } from "../generated/tongguan/clearance/v1/clearance_pb.js";
import { DestinationRules } from "../generated/tongguan/destinations/v1/destinations_pb.js";
import { Events, Webhooks } from "../generated/tongguan/gateway/v1/events_pb.js";
import { ExportReadiness } from "../generated/tongguan/gateway/v1/readiness_pb.js";
import { Sandbox } from "../generated/tongguan/gateway/v1/sandbox_pb.js";
import { InspectionIntake } from "../generated/tongguan/inspection/v1/inspection_pb.js";
import { MaintenanceLookup } from "../generated/tongguan/maintenance/v1/maintenance_pb.js";
import { VehicleRegistry } from "../generated/tongguan/registry/v1/registry_pb.js";

/** The clients of every service. */
export interface Tongguan {
  readonly registry: Client<typeof VehicleRegistry>;
  readonly inspection: Client<typeof InspectionIntake>;
  readonly maintenance: Client<typeof MaintenanceLookup>;
  readonly destinations: Client<typeof DestinationRules>;
  readonly clearance: Client<typeof ExportClearance>;
  readonly readiness: Client<typeof ExportReadiness>;
  readonly events: Client<typeof Events>;
  readonly webhooks: Client<typeof Webhooks>;
  readonly sandbox: Client<typeof Sandbox>;
}

/** One wrong field: its path in the request, such as "vehicle.vin", and what is wrong with it. */
export interface Violation {
  readonly field: string;
  readonly description: string;
}

/** What a failed call says of itself. */
export interface Refusal {
  readonly code: Code;
  readonly message: string;
  /** A name of the public catalogue, as `/docs` lists them; empty where the suite itself gave no answer. */
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Every wrong field at once. */
  readonly violations: readonly Violation[];
  /** Milliseconds to wait before the next try; undefined where the server named no time. */
  readonly retryAfterMs: number | undefined;
}

/** Settings of `connect`. */
export interface Options {
  /** Deadline in milliseconds of calls that name none, streams included; 0 is none. */
  readonly timeoutMs?: number;
}

/**
 * Returns the clients of the suite at `baseUrl`: "http://127.0.0.1:7070" or "https://…". `token` is what `tongguan token` printed;
 * without one only the public methods answer. With `http:` everything, the token included, is sent in the clear: for
 * loopback and behind a proxy of your own. Nothing is sent before the first call.
 */
export function connect(baseUrl: string, token?: string, options: Options = {}): Tongguan {
  const bearer: Interceptor = (next) => (request) => {
    if (token !== undefined) request.header.set("authorization", `Bearer ${token.trim()}`);
    return next(request);
  };
  const transport = createGrpcTransport({
    baseUrl,
    interceptors: [bearer],
    ...(options.timeoutMs ? { defaultTimeoutMs: options.timeoutMs } : {}),
  });
  const client = <T extends DescService>(service: T): Client<T> => createClient(service, transport);
  return {
    registry: client(VehicleRegistry),
    inspection: client(InspectionIntake),
    maintenance: client(MaintenanceLookup),
    destinations: client(DestinationRules),
    clearance: client(ExportClearance),
    readiness: client(ExportReadiness),
    events: client(Events),
    webhooks: client(Webhooks),
    sandbox: client(Sandbox),
  };
}

/** Reads what a caught error says: `catch (error) { const { reason, violations } = refusal(error); … }`. */
export function refusal(error: unknown): Refusal {
  const failed = ConnectError.from(error);
  const info = failed.findDetails(ErrorInfoSchema).find(({ domain }) => domain === "tongguan");
  const delay = failed.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return {
    code: failed.code,
    message: failed.rawMessage,
    reason: info?.reason ?? "",
    metadata: info?.metadata ?? {},
    violations: failed
      .findDetails(BadRequestSchema)
      .flatMap(({ fieldViolations }) => fieldViolations.map(({ field, description }) => ({ field, description }))),
    retryAfterMs: delay && durationMs(delay),
  };
}

export { Code, ConnectError };
