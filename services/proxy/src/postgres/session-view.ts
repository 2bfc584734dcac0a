import { readSessionRows, type SessionPart } from "@sallyport/sql";
import type { Effects } from "./judged.ts";
import type { OwnRows } from "./own-connection.ts";
import type { CatalogView } from "./catalog-view.ts";
import type { TargetCatalog } from "./target-catalog.ts";

/**
 * The catalog as a session itself sees it: what its open transaction has changed, and its temporary objects. It is read
 * only for commands that need it, over the session's own connection, and holds until something may have changed it.
 */
export class SessionView {
  readonly #shared: TargetCatalog;
  #view: CatalogView | null = null;
  #part: SessionPart = "temporary";
  /** The shared catalog's state when it was read. */
  #mark = "";
  #holds = false;
  /** What was read last, so that the same again gives the same view, which portals are compared by. */
  #read = "";

  constructor(shared: TargetCatalog) {
    this.#shared = shared;
  }

  /** Null when it was not read, or may be another one by now. */
  current(ddl: boolean): CatalogView | null {
    if (!this.#view || !this.#holds || this.#mark !== this.#shared.mark) return null;
    if (ddl && this.#part === "temporary") return null;
    this.#view = this.#shared.classifiedNow(this.#view);
    return this.#view;
  }

  /** A command was sent that has such effects; `ddl`: the open transaction has changed the schema. */
  sent({ ddl: changes, names, transaction }: Effects, ddl: boolean): void {
    if (changes || names || (transaction && ddl)) this.#holds = false;
  }

  forget(): void {
    this.#holds = false;
  }

  /** Takes what the session's connection answered; false when another answer could not be used either. */
  async told(part: SessionPart, answer: OwnRows, mark: string): Promise<boolean> {
    const rows = readSessionRows(part, answer);
    if (!rows) return false;
    // Names mean what was committed meanwhile, too, but such a transaction would not see it.
    if (part !== "temporary" && !/^read (un)?committed$/.test(rows.isolation)) return false;
    const read = `${part} ${mark} ${JSON.stringify(answer)}`;
    if (!this.#view || read !== this.#read) {
      const view = await this.#shared.viewAbove(part, rows);
      if (!view) return part === "temporary" || mark !== this.#shared.mark;
      this.#view = view;
      this.#read = read;
    }
    this.#part = part;
    this.#mark = mark;
    this.#holds = mark === this.#shared.mark;
    return true;
  }
}
