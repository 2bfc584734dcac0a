import { base32 } from "./ids.ts";

/** Random bits of a handle, in bytes. */
export const handleBytes = 20;

const prefix = "sally_";
const form = /^sally_[a-z2-7]{32}$/;

/**
 * A handle stands for a token where a password may not be long: 38 characters, of which 32 carry 160 bits. It is as
 * secret as the token, lives no longer, and opens sessions only.
 */
export const handleOf = (bits: Uint8Array): string => prefix + base32(bits);

/** Whether a credential is meant as a handle; no token begins so. */
export const isHandle = (credential: string): boolean => credential.startsWith(prefix);

export const isWholeHandle = (credential: string): boolean => form.test(credential);
