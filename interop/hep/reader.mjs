// Listens for HEP by UDP and TCP, and writes what hep-js makes of each packet: a line of JSON.
// node reader.mjs PORT FILE

import { appendFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { createSocket } from "node:dgram";
import { createRequire } from "node:module";

const [, , port, file] = process.argv;
const hep = createRequire(`${process.cwd()}/`)("hep-js");
writeFileSync(file, "");

const take = (by, packet) => {
  const decoded = hep.decapsulate(packet);
  appendFileSync(file, `${JSON.stringify({ by, ...decoded.rcinfo, payload: decoded.payload })}\n`);
};

createSocket("udp4").on("message", (packet) => take("udp", packet)).bind(Number(port), "127.0.0.1");
createServer((stream) => {
  let held = Buffer.alloc(0);
  stream.on("data", (bytes) => {
    held = Buffer.concat([held, bytes]);
    while (held.length >= 6 && held.length >= held.readUInt16BE(4)) {
      const length = held.readUInt16BE(4);
      take("tcp", held.subarray(0, length));
      held = held.subarray(length);
    }
  });
}).listen(Number(port), "127.0.0.1", () => console.log("ready"));
