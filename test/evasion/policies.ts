/**
 * As generous as a policy can be that masks anything: everything is permitted but calling functions
 * of the target's own, personal data is masked, and the vault is not to be emptied.
 */
export const policies = `
@id("all-but-functions")
permit (principal, action, resource) unless { action == Action::"execute" };

@id("pii-is-masked") @mask("partial")
forbid (principal, action == Action::"read", resource in Tag::"pii")
unless { context.use == "lookup" };

@id("cards-are-hidden") @mask("redact")
forbid (principal, action == Action::"read", resource in Tag::"pci")
unless { context.use == "lookup" };

@id("the-vault-stays")
forbid (principal, action in [Action::"delete", Action::"truncate", Action::"drop", Action::"update", Action::"alter"],
        resource == Table::"shop/public.vault");
`;

/** Columns that the config classifies. */
export const classified = {
  "public.customers.email": ["pii"],
  "public.customers.card_number": ["pii", "pci"],
  "public.events.email": ["pii"],
  "public.pay.salary": ["pii"],
  "public.pay.rate": ["pii"],
  "public.pay.amount": ["pii"],
  "public.pay.bonus": ["pii"],
  "public.pay.tags": ["pii"],
  "public.pay.vip": ["pii"],
  "public.pay.hired": ["pii"],
  "public.pay.doc": ["pii"],
  "public.pay.code": ["pii"],
  "public.teams.code": ["pii"],
  "public.badges.code": ["pii"],
  "public.guarded.secret": ["pii"],
  "public.spans.span": ["pii"],
  "public.passes.code": ["pii"],
  "public.passes.lost": ["pii"],
  "public.shelves.code": ["pii"],
  "public.exams.mark": ["pii"],
  "public.folded.code": ["pii"],
  "public.papers_secret.body": ["pii"],
  "public.elders.a": ["pii"],
  "public.youngers.a": ["pii"],
  "public.tickets.doc#>{customer,email}": ["pii"],
  "public.tickets.doc#>{items,*,code}": ["pii"],
  "public.tickets.raw#>{customer,email}": ["pii"],
  "public.tickets.raw#>{items,*,code}": ["pii"],
};
