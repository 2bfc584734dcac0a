import type { Fields } from "./tree.ts";

/**
 * Sees whether anything is asked of the values that it is over, even which members they have. Only what `int8` says may
 * be asked: it is the same of all for which the value stands.
 */
export class Watch {
  seen = false;
  readonly #traps = new Proxy<ProxyHandler<Fields>>(
    {},
    {
      get: (_, trap) => {
        if (trap === "get") return this.#get;
        this.seen = true;
        return undefined;
      },
    },
  );

  over(value: Fields): Fields {
    return new Proxy(value, this.#traps);
  }

  readonly #get = (value: Fields, member: string | symbol): unknown => {
    if (member === "int8") return value["int8"];
    this.seen = true;
    return Reflect.get(value, member);
  };
}
