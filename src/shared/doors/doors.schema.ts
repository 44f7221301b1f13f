import { z } from 'zod'

/** What somebody with a token may do. Each may do what those before it may. viewer: read · operator: work on the rack · admin: change the rack itself, its rules and its doors. */
export const roles = ['viewer', 'operator', 'admin'] as const
export const roleSchema = z.enum(roles)
export type Role = z.infer<typeof roleSchema>

export const mayAct = (has: Role, needs: Role): boolean => roles.indexOf(has) >= roles.indexOf(needs)

/** The token itself is shown once and kept by nobody here. */
export const doorTokenSchema = z.object({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'small letters, digits, dots, hyphens'),
  role: roleSchema,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  createdAtMs: z.number(),
})
export type DoorToken = z.infer<typeof doorTokenSchema>

export const maxTokens = 200
export const doorTokensFileSchema = z.object({ tokens: z.array(doorTokenSchema).max(maxTokens) })

export const mostWaitingPlans = 100
export const approvalSchema = z.object({
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** What would be done, in words of ours. */
  words: z.string().max(2_000),
  askedAtMs: z.number(),
  state: z.enum(['waiting', 'approved']),
})
export type Approval = z.infer<typeof approvalSchema>
export const approvalsFileSchema = z.object({ approvals: z.array(approvalSchema).max(mostWaitingPlans) })
