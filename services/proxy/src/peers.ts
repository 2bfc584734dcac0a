import { takeMessages, type Bus } from "@sallyport/bus";
import { inboxes, Peer, subjects } from "@sallyport/contracts";

type Without<Message, Names extends PropertyKey> = Message extends unknown
  ? Omit<Message, Names>
  : never;

/**
 * Says something to the other workers; false when the bus is away. Which process says it stands in the reply subject,
 * because its name may be another's, too: a container that was copied with its key. Nobody replies.
 */
export function sayToPeers(bus: Bus, said: Without<Peer, "v" | "from">): boolean {
  const { type, ...about } = said;
  const message = JSON.stringify({ v: 1, type, from: bus.user, ...about });
  return bus.publish(subjects.cancel, message, bus.replyInbox);
}

/** Hears what other processes say, `by` tells them apart: all but this one's own. */
export function hearPeers(bus: Bus, take: (message: Peer, by: string) => void): void {
  takeMessages(bus, subjects.cancel, Peer, (message, { reply }) => {
    const { from } = message;
    const by = reply?.startsWith(inboxes.reply(from)) ? reply : from;
    if (by !== bus.replyInbox && by !== bus.user) take(message, by);
  });
}
