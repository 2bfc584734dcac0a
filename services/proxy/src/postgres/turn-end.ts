let due: (() => void)[] = [];

/**
 * Calls back when all that has come in this turn of the event loop was taken, of whatever socket: reading many, then
 * working, then writing many keeps what each needs in the processor's caches, and the others' wake-ups together.
 */
export function atTurnEnd(act: () => void): void {
  if (due.push(act) === 1) setImmediate(actAll);
}

function actAll(): void {
  const now = due;
  due = [];
  for (const act of now) act();
}
