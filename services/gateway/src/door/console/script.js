"use strict";
const byId = (id) => document.getElementById(id);
const node = (tag, text, kind) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
};
const date = (d) => !d ? "" : [d.year, d.month, d.day].filter(Boolean).map((n, i) => i ? String(n).padStart(2, "0") : n).join("-");
const kinds = { PERMITTED: "good", VALID: "good", CONDITIONAL: "warn", UNDETERMINED: "warn", RESERVED: "warn", STALE_STATUS: "warn", COULD_NOT_CHECK: "warn" };
const short = (name) => (name || "UNDETERMINED").replace(/^(OUTCOME|VERDICT|STATE)_/, "");
const badge = (name) => node("span", short(name).replaceAll("_", " "), "verdict " + (kinds[short(name)] || "bad"));
const list = (texts) => {
  const made = node("ul");
  for (const text of texts) made.append(node("li", text));
  return made;
};
const refusal = (error) => {
  const parts = [node("p", error.message || "no answer came; try again", "bad")];
  const wrong = (error.details || []).flatMap((detail) => detail.fieldViolations || []);
  if (wrong.length) parts.push(list(wrong.map((one) => `${one.field}: ${one.description}`)));
  const info = (error.details || []).find((detail) => detail.reason);
  if (info) parts.push(node("small", info.reason));
  return parts;
};
const asked = async (form, answer, call, show) => {
  const button = form.querySelector("button");
  button.disabled = true;
  answer.replaceChildren(node("small", "asking …"));
  try {
    const response = await call();
    const body = await response.json();
    answer.replaceChildren(...(response.ok ? show(body) : refusal(body)));
  } catch {
    answer.replaceChildren(...refusal({ message: "the service could not be reached; nothing was decided" }));
  } finally {
    button.disabled = false;
  }
};
const market = (name, outcome, shipBy, verdict) => {
  const row = node("tr"), first = node("td"), second = node("td");
  first.append(node("strong", name), node("br"), badge(outcome));
  if (shipBy) second.append(node("div", "ship by " + date(shipBy)));
  const decisive = ((verdict && verdict.reasons) || []).filter((reason) => reason.decisive);
  if (decisive.length) second.append(list(decisive.map((reason) => `${(reason.text && reason.text.en) || reason.rule} (${reason.rule})`)));
  const missing = ((verdict && verdict.missingFacts) || []).map((fact) => fact.fact || fact.name);
  if (missing.length) second.append(node("small", "not known: " + missing.join(", ")));
  if (!verdict) second.append(node("small", "the rules did not answer; nothing is decided"));
  row.append(first, second);
  return row;
};
byId("readiness").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target, markets = form.markets.value.split(/[\s,]+/).filter(Boolean);
  const query = markets.map((code) => "markets=" + encodeURIComponent(code.toUpperCase())).join("&");
  const target = `/v1/readiness/${encodeURIComponent(form.vin.value.trim().toUpperCase())}?${query}`;
  const headers = { authorization: "Bearer " + form.token.value.trim(), "x-purpose": "console: readiness" };
  asked(form, byId("readiness-answer"), () => fetch(target, { headers }), (found) => {
    const table = node("table");
    table.append(market("China’s export rules", found.china && found.china.outcome, found.china && found.china.shipBy, found.china));
    for (const one of found.markets || []) table.append(market(one.market, one.outcome, one.shipBy, one.verdict));
    const sources = (found.sources || []).map((one) => `${one.source}: ${short(one.state).replaceAll("_", " ").toLowerCase()}${one.simulated ? " (SIMULATED)" : ""}${one.detail ? "; " + one.detail : ""}`);
    const parts = [table, node("h2", "Who was asked"), list(sources)];
    if ((found.assumptions || []).length) parts.push(node("small", "assumed: " + found.assumptions.join("; ")));
    return parts;
  });
});
byId("verification").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target, seen = form.seen.value.trim().toUpperCase();
  const question = { qrText: form.qr.value.trim() };
  if (seen) question.seen = { vin: seen };
  const request = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(question) };
  asked(form, byId("verification-answer"), () => fetch("/v1/certificates:verify", request), (found) => {
    const line = node("p");
    line.append(badge(found.verdict));
    if (found.simulated) line.append(node("strong", " SIMULATED issuer", "warn"));
    const parts = [line, list(found.findings || [])];
    if (found.certificateId) parts.push(node("div", "certificate " + found.certificateId));
    for (const one of found.comparisons || []) parts.push(node("div", `${one.field}: ${one.agrees ? "agrees" : `certificate says ${one.certificate}, the car ${one.seen}`}`, one.agrees ? "good" : "bad"));
    if (!(found.comparisons || []).length) parts.push(node("small", "nothing was compared with the car: look at it before you let it go"));
    if (found.statusTime) parts.push(node("div", "status as of " + found.statusTime));
    return parts;
  });
});
