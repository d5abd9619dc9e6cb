// A running `kiln serve` on the embedded store, with an overlay.
"use strict";

const { spawn, spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const readline = require("node:readline");

const program = process.env.KILN;

// Starts it in a fresh directory; answers with where it listens, and how to send and stop.
async function start() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "kiln-console-"));
  const overlay = path.join(directory, "overlay");
  fs.mkdirSync(overlay);
  const config = path.join(directory, "kiln.yaml");
  fs.writeFileSync(
    config,
    `store: { embedded: { directory: ${directory}/data } }
listeners: [{ name: mllp, address: "127.0.0.1:0" }]
http: { address: "127.0.0.1:0" }
mapping: { overlay: ${overlay} }
`,
  );
  const served = spawn(program, ["serve", "--config", config], { stdio: ["ignore", "ignore", "pipe"] });
  const found = {};
  const starts = { mllp: "kiln: listening on ", console: "kiln: console on " };
  for await (const line of readline.createInterface({ input: served.stderr })) {
    for (const [name, start] of Object.entries(starts)) {
      if (line.startsWith(start)) found[name] = line.slice(start.length).split(" ")[0];
    }
    if (found.mllp && found.console) break;
  }
  served.stderr.resume();
  return {
    address: found.console.replace(/\/$/, ""),
    overlay,
    send(message) {
      const sent = spawnSync(program, ["send", "--to", found.mllp, "-"], { input: message });
      if (sent.status !== 0) throw new Error(`kiln send ended with ${sent.status}`);
    },
    async stop() {
      const ended = new Promise((resolve) => served.once("exit", resolve));
      served.kill("SIGTERM");
      const status = await ended;
      fs.rmSync(directory, { recursive: true });
      return status;
    },
  };
}

module.exports = { start };
