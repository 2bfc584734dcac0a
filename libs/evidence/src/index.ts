export { checkKey, type Archive, type ArchiveStore, type ByteRange } from "./archive-store.ts";
export { openArchive, openPlace } from "./open-archive.ts";
export { DirectoryStore } from "./directory-store.ts";
export {
  messageHash,
  readOutputMessage,
  readRecordMessage,
  type Anomaly,
  type AnomalyCode,
  type EventLine,
  type ReadMessage,
  type StoredMessage,
  type StreamKind,
} from "./stored-message.ts";
export type { EventGist } from "./event-gist.ts";
export { decodeEvents, type AnomalyEntry, type EventEntry, type OutputEntry } from "./entry.ts";
export { readStretches } from "./frames.ts";
export { Segment, sealBundle, type ObjectKind, type SealedObject } from "./segment.ts";
export { Slabs } from "./slabs.ts";
export { readIndex, type SegmentIndex, type SessionPart } from "./session-index.ts";
export {
  manifestKey,
  readManifest,
  writeManifest,
  type Anchor,
  type Manifest,
  type ManifestObject,
  type ReadManifest,
  type StreamPart,
} from "./manifest.ts";
export { chainEnd, chainLength, manifestAt, partitionsOf, type MissingLinks } from "./chain.ts";
export { ArchiveReader, type SessionParts } from "./archive-reader.ts";
export { checkStarts, isoTime, sessionLine, type SessionLine } from "./session-list.ts";
export {
  assembleSession,
  timeline,
  type CommandRecord,
  type Entry,
  type SessionRecord,
} from "./session-record.ts";
export { checkSession } from "./check-session.ts";
export { checkChain, type ChainReport } from "./check-chain.ts";
export { checkArchive, type Checked } from "./check-archive.ts";
export { ArchiveEnds } from "./archive-ends.ts";
export type { Finding, FindingCode } from "./finding.ts";
