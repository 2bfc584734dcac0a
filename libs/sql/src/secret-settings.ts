import type { Relation } from "./catalog.ts";
import type { Context } from "./context.ts";
import { applies } from "./rules.ts";

/** Settings that hold passwords, or commands in which they stand. */
const secret: ReadonlySet<string> = new Set([
  "primary_conninfo",
  "ssl_passphrase_command",
  "archive_command",
  "archive_cleanup_command",
  "recovery_end_command",
  "restore_command",
]);

export const isSecretSetting = (name: string): boolean => secret.has(name.toLowerCase());

/** The view and what is beneath it: `pg_show_all_settings` asks `execute`. */
export const showsSettings = ({ schema, name }: Pick<Relation, "schema" | "name">): boolean =>
  schema === "pg_catalog" && name === "pg_settings";

/** One setting is read by its name; null: any could be. */
export function readSetting(name: string | null, context: Context): void {
  if (name === null) context.settingsRead += 1;
  else if (isSecretSetting(name)) readSecrets(context);
}

/** Of a place that was counted: it reads this setting and no other. */
export function readsOnly(name: string, context: Context): void {
  context.settingsRead -= 1;
  readSetting(name, context);
}

/** To be called when a statement was read: who may not see them all is shown no secret by the target. */
export function askSettings(context: Context): void {
  if (context.settingsRead > 0 && context.catalog.readsSettings) readSecrets(context);
}

function readSecrets({ asked }: Context): void {
  if (!applies("secret")) return;
  asked.operations.add({
    action: "read",
    resource: asked.resources.settings(),
    use: "output",
    detail: "settings that hold secrets",
  });
}
