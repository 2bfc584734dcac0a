import type { Bind, Parse } from "@sallyport/pgwire";
import type { Catalog, Cursor, NameContext, Naming, PreparedQuery } from "@sallyport/sql";
import { askedSize } from "./analysis-size.ts";
import { ByName } from "./by-name.ts";
import { bindSize, heldByName, preparedSize } from "./held-by-names.ts";

/** A prepared statement that the protocol makes or uses. */
export interface Prepared {
  readonly name: string;
  /** Null: the name was not prepared through the protocol. */
  readonly text: string | null;
  /** What SQL put under the name, if `text` is null; null: nothing that is known. Absent until it is read. */
  sql?: PreparedQuery | null;
  /** OIDs that the client gave, 0 or missing where the target infers them. */
  readonly types: readonly number[];
  /** In which segment between two Syncs its Parse came. */
  readonly segment: number;
  /** How many things had happened to names when it came. */
  readonly order: number;
  /** The target has said ParseComplete. Until then it may keep what the name stood for before. */
  made: boolean;
  /** The target did not make it. */
  gone: boolean;
  /** What the name stands for when this one does not come about. */
  previous: Prepared | null;
  /** Another statement may be under this name, or another plan. */
  doubtful: boolean;
  /** Code that was not traced ran since: whether the name is still the protocol's, the target must say. */
  unverified: boolean;
  /** What it asked when it was judged last, and with which names. */
  judged?: {
    readonly catalog: WeakRef<Catalog>;
    readonly names: NameContext;
    /** A hash of all that decides whether it asks the same. */
    readonly asks: string;
  };
}

/** A portal. `bind` is null when something else than our Bind opened it. */
export interface Portal {
  readonly name: string;
  /** What SQL's DECLARE put under the name, if `bind` is null; null: nothing that is known. Absent until it is read. */
  sql?: Cursor | null;
  /** What FETCH of it asks; absent: not known. */
  cursor?: Cursor;
  readonly statement: Prepared | null;
  readonly bind: Bind | null;
  /** In which segment between two Syncs it was opened. */
  readonly segment: number;
  /** How many things had happened to names when it came. */
  readonly order: number;
  /** The target has said BindComplete. */
  made: boolean;
  /** Something ran since that may have put another portal under this name. */
  doubtful: boolean;
  /** What names meant when its Bind was judged: its plan is fixed from then on. */
  bound?: { readonly catalog: WeakRef<Catalog>; readonly names: object };
}

/** What the target would say to a name it does not know. */
export class NameError extends Error {
  readonly sqlstate: string;
  constructor(sqlstate: string, message: string) {
    super(message);
    this.sqlstate = sqlstate;
  }
}

/** Bytes that the names of a session may hold. */
const mostHeld = 64 * 1024 * 1024;

/** What the protocol has put under names, as far as the target's answers and SQL leave it certain. */
export class ProtocolNames {
  readonly #prepared = new ByName<Prepared>();
  readonly #portals = new ByName<Portal>();
  /** At least as much as is held. */
  #held = 0;
  #segment = 1;
  /** Names of the protocol may exist that are not known here: they were closed, and are still there. */
  #strangers = false;
  /** SQL has given names, or may have. */
  #shared = false;
  /** What commands do to names that were sent and have no last answer yet. */
  readonly #renaming = new Map<
    object,
    { changes: readonly Naming[]; order: number; segment: number }
  >();
  #order = 0;
  #doubts = 0;

  /** What a ReadyForQuery answers ends here. */
  nextSegment(): void {
    this.#segment += 1;
  }

  /** A simple query drops the unnamed statement and portal (PostgreSQL 18, 54.2.3). */
  dropUnnamed(): void {
    this.#prepared.delete("");
    this.#portals.delete("");
  }

  /** @throws NameError when the session holds too much */
  prepare({ statement: name, text, types }: Parse): Prepared {
    // Whether the name is free is the target's to say.
    const previous = this.#prepared.get(name) ?? null;
    this.#hold(
      preparedSize({ statement: name, text, types }),
      "too much text in prepared statements of one session",
    );
    const prepared: Prepared = {
      name,
      text,
      types,
      segment: this.#segment,
      order: this.#order,
      previous,
      made: false,
      gone: false,
      doubtful: false,
      unverified: false,
    };
    this.#prepared.set(name, prepared);
    return prepared;
  }

  /** @throws NameError when the session holds too much */
  open(bind: Bind, statement: Prepared): Portal {
    this.#hold(bindSize(bind), "too much in parameters of one session's portals");
    const portal: Portal = {
      name: bind.portal,
      statement,
      bind,
      segment: this.#segment,
      order: this.#order,
      made: false,
      doubtful: false,
    };
    this.#portals.set(bind.portal, portal);
    return portal;
  }

  /** What FETCH of it asks; where that is too much to be held, nobody knows. */
  keep(portal: Portal, cursor: Cursor): void {
    if (this.#isRoom(askedSize(cursor))) portal.cursor = cursor;
  }

  close(of: "statement" | "portal", name: string): void {
    if (of === "statement") this.#prepared.delete(name);
    else this.#portals.delete(name);
  }

  /** @throws NameError when nothing can be under the name */
  statement(name: string): Prepared {
    const known = this.#prepared.get(name);
    if (known) return known;
    if (name === "") throw new NameError("26000", "unnamed prepared statement does not exist");
    if (!this.#strangers && !this.#shared)
      throw new NameError("26000", `prepared statement "${name}" does not exist`);
    const unknown = { text: null, types: [], segment: 0, order: this.#order, previous: null };
    return { name, ...unknown, made: true, gone: false, doubtful: false, unverified: false };
  }

  /** @throws NameError when nothing can be under the name */
  portal(name: string): Portal {
    const known = this.#portals.get(name);
    if (known) return known;
    if (name === "" || (!this.#strangers && !this.#shared))
      throw new NameError("34000", `portal "${name}" does not exist`);
    const unknown = { statement: null, bind: null, segment: 0, order: this.#order };
    return { name, ...unknown, made: true, doubtful: false };
  }

  /** Whether the protocol has put a statement under the name. */
  isPrepared(name: string): boolean {
    return this.#prepared.get(name) !== undefined;
  }

  /** Whether the protocol has opened a portal of that name since the last Sync. */
  isOpened(name: string): boolean {
    return this.#portals.get(name)?.segment === this.#segment;
  }

  /** Another one whenever names may have come to stand for something else than the protocol's messages say. */
  get doubts(): number {
    return this.#doubts;
  }

  /**
   * Whether the target has yet to say what the name stands for: it was given before the last Sync, and the answer is
   * still to come. A Parse that fails leaves its name to another statement.
   */
  isUnsettled(of: "statement" | "portal", name: string): boolean {
    const named = of === "statement" ? this.#prepared.get(name) : this.#portals.get(name);
    if (named && !named.made && named.segment !== this.#segment) return true;
    const order = named?.order ?? -1;
    return this.#isRenamed(of, { name, order }, ({ segment }) => segment !== this.#segment);
  }

  /** Whether what is under way may take this name, or give it to something else. */
  isChanging(of: "statement" | "portal", named: Pick<Prepared, "name" | "order">): boolean {
    return this.#isRenamed(of, named, () => true);
  }

  #isRenamed(
    of: "statement" | "portal",
    { name, order }: Pick<Prepared, "name" | "order">,
    test: (one: { readonly segment: number }) => boolean,
  ): boolean {
    if (name === "") return false;
    for (const one of this.#renaming.values())
      if (order < one.order && test(one))
        for (const change of one.changes)
          if (change.kind === "doubt" || (kindOf(change) === of && (change.name ?? name) === name))
            return true;
    return false;
  }

  /** The target has made it. */
  made(one: Prepared | Portal): void {
    one.made = true;
    if ("previous" in one) one.previous = null;
  }

  /** The target did not make it: it `failed`, or was passed over after an error. */
  drop(prepared: Prepared, failed: boolean): void {
    prepared.gone = true;
    // Before it looks at the text, the target lets go of the unnamed statement.
    if (failed && prepared.name === "") prepared.previous = null;
    if (this.#prepared.get(prepared.name) !== prepared) return;
    let left: Prepared | null = prepared;
    while (left?.gone) left = left.previous;
    if (left) this.#prepared.set(left.name, left);
    else this.#prepared.delete(prepared.name);
  }

  dropPortal(portal: Portal): void {
    if (this.#portals.get(portal.name) === portal) this.#portals.delete(portal.name);
    // Under its name, one that was there before may be there still.
    if (portal.name !== "") this.#strangers = true;
  }

  /** A Close was passed over: what it named is still there. */
  notClosed(): void {
    this.#strangers = true;
  }

  /** Every name of the protocol that the target may have is known here. */
  get complete(): boolean {
    return !this.#strangers;
  }

  /** Named prepared statements, the newest that was sent. */
  get prepared(): ReadonlyMap<string, Prepared> {
    return this.#prepared.named;
  }

  /** Named ones. */
  get portals(): ReadonlyMap<string, Portal> {
    return this.#portals.named;
  }

  /**
   * A command was sent that does this to names, or may. INVARIANT (I3): code that was not traced leaves no name certain.
   * @param simple its last answer is a ReadyForQuery
   */
  renaming(by: object, changes: readonly Naming[], simple: boolean): void {
    if (changes.length === 0) return;
    this.#doubts += 1;
    this.#shared = true;
    if (changes.some(({ kind }) => kind === "doubt")) this.doubt();
    const segment = simple ? this.#segment - 1 : this.#segment;
    this.#renaming.set(by, { changes, order: (this.#order += 1), segment });
  }

  /** Code ran that was not followed. Unnamed ones are out of reach for SQL. */
  doubt(): void {
    this.#doubts += 1;
    this.#shared = true;
    for (const top of this.prepared.values())
      for (let one: Prepared | null = top; one; one = one.previous) one.unverified = true;
    for (const portal of this.portals.values()) portal.doubtful = true;
  }

  /** A command has done this: by SQL, names of the protocol go, too. */
  renamed(by: object, changes: readonly Naming[]): void {
    this.#renaming.delete(by);
    for (const change of changes) {
      if (change.kind === "deallocate") this.#deallocate((name) => (change.name ?? name) === name);
      if (change.kind === "close")
        for (const portal of this.portals.values())
          if (portal.made && (change.name ?? portal.name) === portal.name) this.#closed(portal);
    }
  }

  /** The target has told, with nothing under way, which of its prepared statements the protocol has made. */
  verified(names: ReadonlySet<string>): void {
    this.#deallocate((name) => !names.has(name));
    for (const top of this.prepared.values())
      for (let one: Prepared | null = top; one; one = one.previous) one.unverified = false;
  }

  #deallocate(test: (name: string) => boolean): void {
    this.#doubts += 1;
    for (const [name, top] of this.prepared) {
      if (!test(name)) continue;
      for (let one: Prepared | null = top; one; one = one.previous) one.gone ||= one.made;
      if (top.gone) this.#prepared.delete(name);
    }
  }

  #closed(portal: Portal): void {
    this.#doubts += 1;
    portal.doubtful = true;
    this.#portals.delete(portal.name);
  }

  /** Portals live as long as their transaction; `segment` is the last that the target has answered. */
  transactionEnded(segment: number): void {
    this.#portals.deleteAll((portal) => portal.segment <= segment);
  }

  #hold(size: number, refusal: string): void {
    if (!this.#isRoom(size)) throw new NameError("53400", refusal);
  }

  /** Whether so much more may be held; then it is. */
  #isRoom(size: number): boolean {
    if (this.#held + size > mostHeld && this.#recount() + size > mostHeld) return false;
    this.#held += size;
    return true;
  }

  /** What was let go of is counted until here. */
  #recount(): number {
    const statements = new Set<Prepared>();
    for (const one of [this.#prepared.get("") ?? null, ...this.prepared.values()])
      for (let held = one; held; held = held.previous) statements.add(held);
    this.#held = 0;
    for (const { bind, cursor, statement } of this.portals.values()) {
      this.#held += (bind ? bindSize(bind) : heldByName) + (cursor ? askedSize(cursor) : 0);
      // Also one whose name is gone.
      if (statement) statements.add(statement);
    }
    for (const { name, text, types } of statements)
      this.#held += preparedSize({ statement: name, text, types });
    return this.#held;
  }
}

const kindOf = ({ kind }: Naming): "statement" | "portal" =>
  kind === "prepare" || kind === "deallocate" ? "statement" : "portal";
