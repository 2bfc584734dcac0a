/** Type bytes of what a client sends (PostgreSQL 18, 54.7 Message Formats). */
export const Frontend = {
  Bind: 0x42,
  Close: 0x43,
  Describe: 0x44,
  Execute: 0x45,
  FunctionCall: 0x46,
  Flush: 0x48,
  Parse: 0x50,
  Query: 0x51,
  Sync: 0x53,
  Terminate: 0x58,
  CopyDone: 0x63,
  CopyData: 0x64,
  CopyFail: 0x66,
  /** PasswordMessage, SASLInitialResponse, SASLResponse, GSSResponse: the login says which. */
  Password: 0x70,
} as const;

/** Type bytes of what a server sends. */
export const Backend = {
  ParseComplete: 0x31,
  BindComplete: 0x32,
  CloseComplete: 0x33,
  NotificationResponse: 0x41,
  CommandComplete: 0x43,
  DataRow: 0x44,
  ErrorResponse: 0x45,
  CopyInResponse: 0x47,
  CopyOutResponse: 0x48,
  EmptyQueryResponse: 0x49,
  BackendKeyData: 0x4b,
  NoticeResponse: 0x4e,
  Authentication: 0x52,
  ParameterStatus: 0x53,
  RowDescription: 0x54,
  FunctionCallResponse: 0x56,
  CopyBothResponse: 0x57,
  ReadyForQuery: 0x5a,
  CopyDone: 0x63,
  CopyData: 0x64,
  NoData: 0x6e,
  PortalSuspended: 0x73,
  ParameterDescription: 0x74,
  NegotiateProtocolVersion: 0x76,
} as const;

export type FrontendType = (typeof Frontend)[keyof typeof Frontend];
export type BackendType = (typeof Backend)[keyof typeof Backend];
