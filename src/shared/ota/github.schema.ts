import { z } from 'zod'

const sha = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/)
/** Of GitHub's answers only what an updater needs; what else stands in them is let be. */
export const githubReleaseSchema = z.object({
  tag_name: z.string().regex(/^[\w.+-][\w.+/-]{0,127}$/),
  assets: z.array(z.object({ name: z.string(), browser_download_url: z.url().optional(), url: z.url().optional() })).max(1000).default([]),
})
export const githubRefSchema = z.object({ object: z.object({ type: z.string(), sha }) })
export const githubTagSchema = z.object({ object: z.object({ sha }) })
export const githubTreeSchema = z.object({
  truncated: z.boolean().optional(),
  tree: z.array(z.object({ path: z.string().max(4096), type: z.string(), size: z.number().int().min(0).optional(), sha: z.string().max(64) })).max(200_000),
})
