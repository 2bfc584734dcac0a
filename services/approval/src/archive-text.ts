import { ArchiveReader, type ArchiveStore } from "@sallyport/evidence";
import type { TextPlace, TextSource } from "./texts.ts";

/** Reads the texts of commands out of the archive, where OUTPUT has been purged already. */
export class ArchiveTexts implements TextSource {
  readonly #store: ArchiveStore;

  constructor(store: ArchiveStore) {
    this.#store = store;
  }

  /** Null when the archive does not have it whole. */
  async read({ session, command, since }: TextPlace): Promise<Buffer | null> {
    const reader = new ArchiveReader(this.#store);
    const found = (await reader.sessions(since)).find((one) => one.session === session);
    if (!found) return null;
    const { commands } = await reader.read(found);
    const text = commands.find(({ id }) => id === command)?.text ?? [];
    return text.length > 0 ? Buffer.concat(text) : null;
  }
}
