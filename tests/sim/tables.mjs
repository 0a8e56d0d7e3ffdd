// The elements that the simulated host registers.
import { DEVICE, MEDIA, OTHER } from "./payload.mjs";
import { SimSink, SimTap } from "./sink.mjs";
import { SimSource } from "./source.mjs";
import { SimHold, SimTransform } from "./transform.mjs";

const FIELDS = "generation=(int)[0,1000000], mode=(int)[0,1000000]";
const of = (domain) => `${MEDIA}${domain ? `(${domain})` : ""}, ${FIELDS}`;
const any = [of(DEVICE), of("")];
const sink = (caps) => ({ name: "sink", direction: "sink", caps });
const src = (caps) => ({ name: "src", direction: "src", caps });
const CAPS = { name: "caps", type: "caps", default: "" };
const LIVE = { name: "is-live", type: "boolean", default: "false" };
const SYNC = { name: "sync", type: "boolean", default: "false" };
const TIMED = { name: "sync", type: "boolean", default: "true" };
const LEVEL = { name: "level", type: "int", default: "7" };

const KEPT = ["generation", "mode"];
const element = (Class, table) => ({
  table,
  create: (host, name, config, random) => new Class(host, name, config, random),
});
/** Converters keep identities, so that what arrives does not depend on where one was put. */
const converter = (table) => ({
  table,
  create: (host, name, config, random) => new SimTransform(host, name, { refs: 1, ...config, keep: true }, random),
});

export const FACTORIES = [
  element(SimSource, { name: "simsrc", pads: [src(any)], properties: [CAPS, LIVE, LEVEL] }),
  element(SimSource, { name: "simlatesrc", flags: ["late-caps"], pads: [src(any)], properties: [CAPS, LIVE] }),
  element(SimTransform, { name: "simfilter", relation: "same", pads: [sink(any), src(any)], properties: [LEVEL] }),
  element(SimTransform, { name: "simcode", flags: ["late-caps"], pads: [sink(any), src(any)] }),
  element(SimTransform, { name: "simencode", flags: ["late-caps"], pads: [sink(any), src(of(""))] }),
  element(SimTransform, { name: "simrender", flags: ["late-caps"], pads: [sink(any), src(of(DEVICE))] }),
  converter({ name: "simupload", rank: 256, relation: KEPT, pads: [sink(of("")), src(of(DEVICE))] }),
  converter({ name: "simdownload", rank: 256, relation: KEPT, pads: [sink(of(DEVICE)), src(of(""))] }),
  element(SimSink, { name: "simsink", pads: [sink(any)], properties: [CAPS, SYNC, LEVEL] }),
  element(SimSink, { name: "simtimedsink", flags: ["timed"], pads: [sink(any)], properties: [CAPS, TIMED] }),
  {
    table: { name: "simhold", relation: "same", pads: [sink("ANY"), src("ANY")] },
    create: (host, name, config, random) => new SimHold(host, name, { ...config, keep: true }, random),
  },
  element(SimTap, { name: "simtap", pads: [sink("ANY")], properties: [SYNC] }),
  element(SimSource, { name: "simothersrc", pads: [src(of(OTHER))], properties: [CAPS] }),
  element(SimSink, { name: "simothersink", pads: [sink(of(OTHER))] }),
];
