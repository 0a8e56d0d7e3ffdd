// Runs commands in turn and measures them as whole processes.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

/**
 * Runs a command once.
 * @param {string[]} argv
 * @returns {{wall: number, cpu: number, memory: number, output: string}} seconds, seconds, MiB (0: not known), what it wrote
 */
export function runOnce(argv) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "bench-"));
  const report = path.join(dir, "time");
  // The shell's own clock has milliseconds; GNU time adds the peak memory where it is installed.
  const gnu = fs.existsSync("/usr/bin/time");
  const command = gnu ? ["/usr/bin/time", "-f", "%M", "-o", `${report}.m`, ...argv] : argv;
  const script = `TIMEFORMAT='%R %U %S'; { time "$@" >"${dir}/out" 2>&1; } 2>"${report}"`;
  const r = spawnSync("bash", ["-c", script, "bash", ...command], { encoding: "utf8" });
  const output = fs.existsSync(`${dir}/out`) ? fs.readFileSync(`${dir}/out`, "utf8") : "";
  const text = fs.readFileSync(report, "utf8").trim();
  const memory = gnu ? Number(fs.readFileSync(`${report}.m`, "utf8").trim().split("\n").pop()) / 1024 : 0;
  fs.rmSync(dir, { recursive: true });
  if (r.status) throw new Error(`${argv.join(" ")}\nexit ${r.status}\n${output}${text}`);
  const [wall, user, system] = text.split("\n").pop().split(" ").map(Number);
  return { wall, cpu: user + system, memory, output };
}

/** @param {number[]} values */
export function median(values) {
  const s = [...values].sort((x, y) => x - y);
  return s.length % 2 ? s[s.length >> 1] : (s[s.length / 2 - 1] + s[s.length / 2]) / 2;
}

/**
 * Runs the commands in turn, A B C A B C …, after one round that is not counted.
 * @param {Record<string, {argv: string[], inPipe?: (output: string) => number, writes?: string}>} commands `writes` is a
 *   file that must not be there when the command starts: to give back an old one's pages takes time
 * @param {number} rounds
 */
export function interleave(commands, rounds) {
  const results = {};
  for (const name of Object.keys(commands)) results[name] = { wall: [], cpu: [], memory: [], inPipe: [] };
  for (let i = -1; i < rounds; i++) {
    for (const [name, { argv, inPipe, writes }] of Object.entries(commands)) {
      const r = runOnce(argv);
      if (writes) fs.rmSync(writes);
      if (i < 0) continue;
      results[name].wall.push(r.wall);
      results[name].cpu.push(r.cpu);
      results[name].memory.push(r.memory);
      if (inPipe) results[name].inPipe.push(inPipe(r.output));
    }
  }
  return results;
}

/** Prints a table: medians, and the ratio of each command to the first, round by round. */
export function report(title, results, note = "") {
  console.log(`\n## ${title}\n`);
  if (note) console.log(`${note}\n`);
  const names = Object.keys(results);
  const first = results[names[0]];
  console.log(
    "| | wall ms | cpu ms | in the pipe ms | peak MiB | wall, times ours | cpu, times ours | in the pipe, times ours |",
  );
  console.log("|---|---|---|---|---|---|---|---|");
  const ms = (v) => (v.length ? (median(v) * 1e3).toFixed(0) : "");
  const ratio = (a, b) => (a.length && b.length ? median(a.map((v, i) => v / b[i])).toFixed(2) : "");
  for (const name of names) {
    const r = results[name];
    const cells = [ms(r.wall), ms(r.cpu), ms(r.inPipe), median(r.memory).toFixed(0)];
    cells.push(ratio(r.wall, first.wall), ratio(r.cpu, first.cpu), ratio(r.inPipe, first.inPipe));
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
}
