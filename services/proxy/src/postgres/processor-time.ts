/**
 * Milliseconds of the worker's own thread that what one statement asks may take, while no other session is served. Pages
 * of SQL take one or two; of constants, a text of a mebibyte takes hardly more.
 */
export const mostReading = 250;

/**
 * Says whether this thread has worked for so many milliseconds since it was first asked. What others on the machine
 * take does not count, so that the answer depends little on how busy it is.
 */
export function after(millis: number): () => boolean {
  let begun: NodeJS.CpuUsage | undefined;
  return () => {
    if (!begun) {
      begun = process.threadCpuUsage();
      return false;
    }
    const { user, system } = process.threadCpuUsage(begun);
    return user + system > millis * 1000;
  };
}
