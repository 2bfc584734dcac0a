import { hostname, userInfo } from "node:os";

/** Who acts, as the record names an operator: the user and host of this process. */
export const operatorName = (): string => `${userInfo().username}@${hostname()}`;
