import { NoAnswer, type Requests, type Sealer } from "@sallyport/bus";
import { isHandle, subjects, Verified } from "@sallyport/contracts";

export type Identified = Verified | { readonly type: "absent" };

/** How long authn may take, in milliseconds. */
const patience = 5000;

/** Asks authn whose a token is, or a handle. INVARIANT (I5): it leaves this process only sealed to authn's key. */
export class Identify {
  readonly #requests: Requests;
  readonly #sealer: Sealer;

  constructor(requests: Requests, sealer: Sealer) {
    this.#requests = requests;
    this.#sealer = sealer;
  }

  async credential(credential: string, address: string): Promise<Identified> {
    const question = {
      v: 1,
      type: "verify",
      ...this.#sealer.seal(credential),
      address,
      ...(isHandle(credential) && { handles: true }),
    };
    try {
      return await this.#requests.ask(subjects.verify, question, Verified, patience);
    } catch (cause) {
      if (cause instanceof NoAnswer) return { type: "absent" };
      throw cause;
    }
  }
}
