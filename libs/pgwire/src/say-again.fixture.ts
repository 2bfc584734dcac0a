import type { BackendMessage } from "./backend-messages.ts";
import { dataRow, parseDataRow } from "./data-row.ts";
import type { FrontendMessage } from "./frontend-messages.ts";
import { Frontend } from "./message-types.ts";
import { MessageWriter } from "./message-writer.ts";
import { rowDescription } from "./row-description.ts";
import * as toClient from "./to-client.ts";
import * as toTarget from "./to-target.ts";

/** The bytes of a message that was read, written again. */
export function sayAgain(message: FrontendMessage): Buffer {
  switch (message.kind) {
    case "query":
      return toTarget.query(message.text);
    case "parse":
      return toTarget.parse(message.statement, message.text, message.types);
    case "bind":
      return toTarget.bind(message);
    case "describe":
      return toTarget.describe(message.of, message.name);
    case "close":
      return toTarget.close(message.of, message.name);
    case "execute":
      return toTarget.execute(message.portal, message.maxRows);
    case "copy-data":
      return toTarget.copyData(message.data);
    case "copy-fail":
      return toTarget.copyFail(message.reason);
    case "copy-done":
      return toTarget.copyDone;
    case "flush":
      return toTarget.flush;
    case "sync":
      return toTarget.sync;
    case "terminate":
      return toTarget.terminate;
    case "function-call": {
      // Which we never say.
      const { function: oid, formats, parameters, resultFormat } = message;
      const writer = new MessageWriter(Frontend.FunctionCall).int32(oid).int16(formats.length);
      for (const format of formats) writer.int16(format);
      writer.int16(parameters.length);
      for (const parameter of parameters) writer.value(parameter);
      return writer.int16(resultFormat).finish();
    }
  }
}

/** The same of a server's; undefined for what we never say. */
export function answerAgain(message: BackendMessage): Buffer | undefined {
  switch (message.kind) {
    case "authentication":
      return message.method === "ok" ? toClient.authenticationOk : undefined;
    case "parameter-status":
      return toClient.parameterStatus(message.name, message.value);
    case "backend-key-data":
      return toClient.backendKeyData(message.pid, message.key);
    case "ready-for-query":
      return toClient.readyForQuery(message.status);
    case "row-description":
      return rowDescription(message.fields);
    case "data-row":
      return dataRow(parseDataRow(message.frame));
    case "command-complete":
      return toClient.commandComplete(message.tag);
    case "parameter-description":
      return toClient.parameterDescription(message.types);
    case "notification":
      return toClient.notificationResponse(message.pid, message.channel, message.payload);
    case "copy-in":
      return toClient.copyInResponse(message.format, message.columnFormats);
    case "parse-complete":
      return toClient.parseComplete;
    case "bind-complete":
      return toClient.bindComplete;
    case "close-complete":
      return toClient.closeComplete;
    case "empty-query":
      return toClient.emptyQueryResponse;
    case "no-data":
      return toClient.noData;
    case "portal-suspended":
      return toClient.portalSuspended;
    case "copy-data":
    case "copy-done":
    case "copy-out":
    case "copy-both":
    case "error":
    case "notice":
    case "function-call-response":
    case "negotiate-protocol-version":
      return undefined;
  }
}
