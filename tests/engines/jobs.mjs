// Writes jobs so that a host without a JSON reader can take them: a line for each thing, the first word says what it is.
//
//     job NAME            begins a job
//     ceiling N           bytes of memory for init
//     options N           of init
//     work N              of each step
//     line HEX            the launch line
//     file NAME PATH      a file with the bytes of PATH
//     stream NAME N       it is a stream that gives N bytes at most at a time
//     fault NAME open N   opening it fails with the HostError N
//     fault NAME read N   so does reading beyond offset N, with Io
//     fault NAME room N   and writing beyond it, with NoSpace
//     action KIND N UNTIL HEX   in the order that they are done; KIND is state, send, query or wait; steps are taken
//                         until nothing is to be awaited, or until UNTIL ns have passed since the start, - for no limit
//     run                 ends the job: it is run
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";

const hex = (data) => Buffer.from(data).toString("hex") || "-";

/** Writes inputs into a folder, what is shared once. @returns the text of the jobs */
export function writeJobs(jobs, folder, { work, options }) {
  const lines = [];
  for (const job of jobs) {
    lines.push(`job ${job.name}`, `ceiling ${job.ceiling}`, `options ${options}`, `work ${work}`);
    lines.push(`line ${hex(job.line)}`);
    for (const [name, { data, stream, faults }] of Object.entries(job.files)) {
      if (data) {
        const place = path.join(folder, createHash("sha256").update(data).digest("hex"));
        if (!fs.existsSync(place)) fs.writeFileSync(place, data);
        lines.push(`file ${name} ${place}`);
      }
      if (stream !== null) lines.push(`stream ${name} ${stream}`);
      for (const [what, value] of Object.entries(faults)) lines.push(`fault ${name} ${what} ${value}`);
    }
    for (const { kind, number, until, data } of job.actions) {
      lines.push(`action ${kind} ${number} ${until ?? "-"} ${hex(data)}`);
    }
    lines.push("run");
  }
  return `${lines.join("\n")}\n`;
}
