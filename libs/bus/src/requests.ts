import type { Msg, Subscription } from "@nats-io/transport-node";
import { inboxes, otherVersion, randomId } from "@sallyport/contracts";
import type { z } from "zod";
import type { Bus } from "./connect.ts";
import { parseLine } from "./lines.ts";
import { suspicion } from "./suspicion.ts";

/** Nobody answered in time, or the bus is away. */
export class NoAnswer extends Error {
  constructor(subject: string) {
    super(`nobody answered on \`${subject}\``);
    this.name = "NoAnswer";
  }
}

interface Asked {
  readonly schema: z.ZodType;
  readonly answer: (value: unknown) => void;
}

/** Questions to other services: each has a reply token of 128 random bits and counts one answer. */
export class Requests {
  readonly #bus: Bus;
  readonly #subscription: Subscription;
  readonly #asked = new Map<string, Asked>();

  constructor(bus: Bus) {
    this.#bus = bus;
    this.#subscription = bus.subscribe(`${bus.replyInbox}.*`, (message) => this.#hear(message));
  }

  /**
   * Asks, and gives the answer that fits the schema; one that does not is an alarm and no answer. `timeout` in
   * milliseconds.
   * @throws {NoAnswer}
   */
  ask<T>(subject: string, question: object, schema: z.ZodType<T>, timeout: number): Promise<T> {
    const token = randomId();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const timer = setTimeout(() => {
      this.#asked.delete(token);
      reject(new NoAnswer(subject));
    }, timeout);
    this.#asked.set(token, {
      schema,
      answer: (value) => {
        this.#asked.delete(token);
        clearTimeout(timer);
        resolve(value as T);
      },
    });
    const reply = `${this.#bus.replyInbox}.${token}`;
    if (!this.#bus.publish(subject, JSON.stringify(question), reply)) {
      clearTimeout(timer);
      this.#asked.delete(token);
      reject(new NoAnswer(subject));
    }
    return promise;
  }

  stop(): void {
    this.#subscription.unsubscribe();
  }

  #hear(message: Msg): void {
    const asked = this.#asked.get(message.subject.slice(this.#bus.replyInbox.length + 1));
    if (asked === undefined) return;
    // The server itself says that nobody listens: another may still answer until the time is out.
    if (message.headers?.code === 503 && message.data.length === 0) return;
    const why = suspicion(message, message.subject);
    const value = parseLine(message.data);
    const parsed = asked.schema.safeParse(value);
    if (why !== null || !parsed.success)
      this.#bus.alarms.raise("answer-unreadable", "an answer is none", {
        why: why ?? otherVersion(value) ?? "its form",
      });
    else asked.answer(parsed.data);
  }
}

const replyForm = /^_R\.[a-z][a-z0-9-]{0,62}\.[a-z2-7]{26}\.[a-z2-7]{26}$/;

/** Takes messages of one schema on a subject without wildcards; anything else is an alarm and is not answered. */
export function takeMessages<T>(
  bus: Bus,
  subject: string,
  schema: z.ZodType<T>,
  take: (value: T, message: Msg) => void,
  queue?: string,
): Subscription {
  const wild = /[*>]/.test(subject);
  return bus.subscribe(
    subject,
    (message) => {
      const why = suspicion(message, wild ? message.subject : subject);
      const value = parseLine(message.data);
      const parsed = schema.safeParse(value);
      if (why !== null || !parsed.success)
        bus.alarms.raise("message-unreadable", "a message is not what its subject carries", {
          subject: message.subject,
          why: why ?? otherVersion(value) ?? "its form",
        });
      else take(parsed.data, message);
    },
    queue,
  );
}

/**
 * Answers questions of one schema, one process of the queue group each. `answer` gives null for no answer. A reply
 * goes nowhere but to an inbox for replies.
 */
export function answerRequests<T>(
  bus: Bus,
  options: { subject: string; queue: string; schema: z.ZodType<T> },
  answer: (question: T) => Promise<object | null>,
): Subscription {
  const { subject, queue, schema } = options;
  return takeMessages(
    bus,
    subject,
    schema,
    (question, { reply }) => {
      if (reply === undefined || !replyForm.test(reply) || !reply.startsWith(inboxes.reply(""))) {
        bus.alarms.raise("reply-subject", "a question wants its answer in a strange place", {
          subject,
        });
        return;
      }
      answer(question).then(
        (value) => {
          if (value !== null) bus.publish(reply, JSON.stringify(value));
        },
        (err: unknown) => bus.log.error({ err, subject }, "a question could not be answered"),
      );
    },
    queue,
  );
}
