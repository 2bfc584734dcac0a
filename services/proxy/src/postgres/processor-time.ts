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
