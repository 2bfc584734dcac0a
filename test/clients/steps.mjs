/** What a step of the battery prints, and how it failed, in words that do not depend on the run. */
export async function step(name, act) {
  console.log("--", name);
  try {
    await act();
  } catch (error) {
    console.log(
      error.code,
      error.severity,
      error.message,
      error.detail,
      error.hint,
      error.position,
      error.constraint,
    );
  }
}
