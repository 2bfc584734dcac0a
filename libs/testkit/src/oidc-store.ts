import type { Adapter, AdapterFactory, AdapterPayload } from "oidc-provider";

/** Where an OIDC provider keeps its sessions, codes and grants: in memory, gone with the process. */
export function memoryStore(): AdapterFactory {
  const entries = new Map<string, AdapterPayload>();
  return (model) => {
    const key = (id: string): string => `${model}:${id}`;
    const findBy = (field: "uid" | "userCode", value: string): AdapterPayload | undefined =>
      [...entries].find(
        ([id, payload]) => id.startsWith(`${model}:`) && payload[field] === value,
      )?.[1];
    const store: Adapter = {
      upsert: async (id, payload) => void entries.set(key(id), payload),
      find: async (id) => entries.get(key(id)),
      findByUid: async (uid) => findBy("uid", uid),
      findByUserCode: async (userCode) => findBy("userCode", userCode),
      consume: async (id) => {
        const payload = entries.get(key(id));
        if (payload) payload.consumed = Math.floor(Date.now() / 1000);
      },
      destroy: async (id) => void entries.delete(key(id)),
      revokeByGrantId: async (grantId) => {
        for (const [id, payload] of entries) if (payload.grantId === grantId) entries.delete(id);
      },
    };
    return store;
  };
}
