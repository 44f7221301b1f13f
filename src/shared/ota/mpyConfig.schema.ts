import { z } from 'zod'

const hour = z.number().int().min(0).max(24)
const placeholders = ['YOUR_GITHUB_USERNAME', 'YOUR_REPO_NAME']
const name = z.string().regex(/^[\w.-]{1,100}$/).refine((text) => !placeholders.includes(text.toUpperCase()) && text !== '.' && text !== '..', 'still the placeholder')

/** What a board's own `ota_config.json` says, as far as it matters to whoever updates the board from outside. Keys are those of the file. */
export const mpyConfigSchema = z.object({
  owner: name, repo: name,
  /** Of the API and of the files; GitHub's own, or a mirror in the lab. */
  api_base: z.url().default('https://api.github.com'), raw_base: z.url().default('https://raw.githubusercontent.com'),
  channel: z.string().max(40).default('stable'), branch: z.string().regex(/^[\w./-]{1,100}$/).default('main'),
  token: z.string().max(400).optional(), user_agent: z.string().max(100).default('ota-updater'),
  allow: z.array(z.string().max(400)).max(500).default([]), ignore: z.array(z.string().max(400)).max(500).default([]),
  delete_patterns: z.array(z.string().max(400)).max(500).default([]),
  http_timeout_sec: z.number().min(1).max(600).default(10), http_retries: z.number().int().min(1).max(20).default(3),
  backoff_sec: z.number().min(0).max(600).default(3), max_backoff_sec: z.number().min(0).max(3600).default(60),
  /** Null switches a limit off, and nothing else does. */
  max_tree_size_kb: z.number().int().min(1).nullable().default(50), max_tree_files: z.number().int().min(1).nullable().default(300),
  min_free_storage: z.number().int().min(0).default(0),
  min_free_mem: z.number().int().min(0).default(0), min_cpu_mhz: z.number().min(0).nullish().transform((mhz) => mhz ?? undefined),
  /** The board's own hour between two looks is no rule for somebody who updates it by hand; one that stands in its file is. */
  min_update_interval_sec: z.number().min(0).optional(),
  manifest_key: z.string().min(1).max(400).optional(), force: z.boolean().default(false), enable_delta_updates: z.boolean().default(false),
  rollout_percent: z.number().min(0).max(100).default(100), device_id: z.string().max(100).optional(),
  max_crashes_before_delay: z.number().int().min(0).max(1000).default(3), min_battery_percent: z.number().min(0).max(100).optional(), power_source: z.string().max(40).optional(),
  update_window_start_hour: hour.optional(), update_window_end_hour: hour.optional(),
  /** A framework and no product on the boards' own side; asked for, it is refused and not ignored. */
  cellular_enabled: z.boolean().default(false), lora_enabled: z.boolean().default(false),
  reset_mode: z.enum(['hard', 'soft', 'none']).default('hard'),
})
export type MpyConfig = z.infer<typeof mpyConfigSchema>
