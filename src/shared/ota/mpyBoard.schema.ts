import { z } from 'zod'

const list = <T extends z.ZodType>(item: T): z.ZodDefault<z.ZodArray<T>> => z.array(item).default([])
/** `ota_health.json`; what an updater on the board wrote there stays. */
export const mpyHealthSchema = z.object({
  crashes: list(z.unknown()), errors: list(z.unknown()),
  updates: list(z.unknown()),
})
