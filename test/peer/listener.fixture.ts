import { openLog } from "@sallyport/runtime";
import { openPostgresListener } from "../../services/proxy/src/postgres/listener/listener.ts";
import { refusalOf, errorFrame } from "../../services/proxy/src/postgres/refusal.ts";
import { sendOff } from "../../services/proxy/src/postgres/listener/send-off.ts";

// A process with a listener: `node listener.fixture.ts PORT MOST`. It says its port on standard output, tells every
// client its pid in a FATAL, and on SIGTERM stops listening and ends when its last client has gone.

const [port, most] = process.argv.slice(2).map(Number);
const listener = await openPostgresListener({
  address: { host: "127.0.0.1", port: port ?? 0 },
  tls: "off",
  handshake: 20_000,
  maxHandshakes: most ?? 1000,
  reusePort: true,
  log: openLog("listener", "info"),
  admit: () => null,
  onStartup: ({ socket }) =>
    sendOff(
      socket,
      errorFrame(refusalOf("session-ended", { reason: `served by ${process.pid}` }), "FATAL"),
    ),
  onCancel: () => Promise.resolve(),
});
process.once("SIGTERM", () => void listener.close());
process.stdout.write(`${listener.port}\n`);
