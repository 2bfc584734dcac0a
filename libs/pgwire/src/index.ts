export { ProtocolError, type ProtocolErrorCode } from "./protocol-error.ts";
export { Backend, Frontend } from "./message-types.ts";
export {
  eachFrame,
  FrameReader,
  type FramePart,
  type FrameReaderOptions,
  type Frames,
} from "./frame-reader.ts";
export {
  isDirectTls,
  parseStartupPacket,
  StartupReader,
  type Startup,
  type StartupPacket,
} from "./startup-packet.ts";
export {
  formatOf,
  parseFrontend,
  type Bind,
  type Close,
  type CopyData,
  type Describe,
  type Execute,
  type Format,
  type FrontendMessage,
  type FunctionCall,
  type Parse,
  type Query,
} from "./frontend-messages.ts";
export {
  parseAuthentication,
  parsePassword,
  parseSaslInitialResponse,
  parseSaslResponse,
  type AuthenticationRequest,
  type SaslInitialResponse,
} from "./authentication.ts";
export {
  bearerChallenge,
  oauthBearer,
  parseBearerResponse,
  type BearerResponse,
} from "./oauth-bearer.ts";
export {
  parseBackend,
  type BackendMessage,
  type CopyStart,
  type KeyData,
  type Notification,
  type TransactionStatus,
} from "./backend-messages.ts";
export { parseRowDescription, rowDescription, type Field } from "./row-description.ts";
export { ByteSink } from "./byte-sink.ts";
export { copyForm, nullMayBeValue, type CopyForm, type CopyOptions } from "./copy-form.ts";
export { CopyRewriter } from "./copy-rewriter.ts";
export { dataRow, parseDataRow, rewriteRows, type Value, type ValueWriter } from "./data-row.ts";
export {
  errorResponse,
  noticeResponse,
  parseMessageFields,
  type MessageFields,
  type Said,
  type Severity,
} from "./message-fields.ts";
export { invalidUtf8, utf8Text } from "./utf8-text.ts";
export * as toClient from "./to-client.ts";
export * as toTarget from "./to-target.ts";
