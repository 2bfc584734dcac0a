const v4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

/** `10.0.0.1:5432`, `[::1]:5432`, with or without the port, as an IP address; null when it is none. */
export function ipOf(address: string): string | null {
  const bare =
    /^\[([^\]]*)\](?::\d+)?$/.exec(address)?.[1] ?? address.replace(/^([^:]*):\d+$/, "$1");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1];
  const ip = (mapped ?? bare).replace(/%.*$/, "");
  return v4.test(ip) || (/^[0-9a-fA-F:.]+$/.test(ip) && URL.canParse(`http://[${ip}]/`))
    ? ip
    : null;
}
