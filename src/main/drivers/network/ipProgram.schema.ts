import { z } from 'zod'

/** What `ip -j addr show` says, as far as it is of use here. */
export const ipLinksSchema = z.array(z.object({
  ifname: z.string().max(40),
  flags: z.array(z.string()).default([]),
  addr_info: z.array(z.object({ family: z.string(), local: z.string().max(64).optional(), prefixlen: z.number().int().min(0).max(128).optional() })).default([]),
})).max(4096)
export type IpLinks = z.infer<typeof ipLinksSchema>

/** What `ip -j -4 route show` says; a route that only refuses has no device. */
export const ipRoutesSchema = z.array(z.object({ dst: z.string().max(64), dev: z.string().max(40).optional() })).max(65_536)
export type IpRoutes = z.infer<typeof ipRoutesSchema>
