import { hostname, userInfo } from "node:os";

/** Who acts, as the record names an operator: the user and host of this process. */
export const operatorName = (): string => `${userInfo().username}@${hostname()}`;

/** What a connection with an operator's key calls itself; authn puts it into the record (services/authn key-witness). */
export const connectionName = (command: string): string => `${command} (${operatorName()})`;
