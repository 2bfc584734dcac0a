import { isAlias, isMap, isScalar, isSeq, type Document, type LineCounter, type Node } from "yaml";

export type ConfigPath = readonly PropertyKey[];

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Where in the file a value, or a key of a map, stands. */
export interface Places {
  value(path: ConfigPath): Place;
  key(path: ConfigPath, key: string): Place;
}

/** A path that the file does not have is where the nearest part of it stands. */
export function placesOf(document: Document, lines: LineCounter, file: string): Places {
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const start = (node: unknown): number => (node as Node | null)?.range?.[0] ?? 0;

  const find = (path: ConfigPath): { node: unknown; offset: number } => {
    let node: unknown = document.contents;
    let offset = start(node);
    for (const step of path) {
      if (isAlias(node)) node = node.resolve(document);
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => keyText(key) === String(step));
        if (!pair) return { node: null, offset };
        offset = start(pair.key);
        node = pair.value;
        if (isScalar(node)) offset = start(node);
      } else if (isSeq(node)) {
        const item = node.items[Number(step)];
        if (item === undefined) return { node: null, offset };
        offset = start(item);
        node = item;
      } else return { node: null, offset };
    }
    return { node, offset };
  };

  return {
    value: (path) => at(find(path).offset),
    key: (path, key) => {
      const { node, offset } = find(path);
      const map = isAlias(node) ? node.resolve(document) : node;
      if (!isMap(map)) return at(offset);
      const pair = map.items.find((item) => keyText(item.key) === key);
      return at(pair ? start(pair.key) : offset);
    },
  };
}

const keyText = (key: unknown): string => String(isScalar(key) ? key.value : key);
