import { z } from 'zod'

/** The description in an ipctool backup, as far as a restore needs it. Sizes are hex text or YAML numbers. */
const size = z.union([z.number().int().min(0), z.string().regex(/^0x[0-9a-fA-F]{1,8}$/).transform(Number)])

const word = z.union([z.string(), z.number()]).transform(String)
/** First eight hex digits of the SHA-1; YAML reads an all-digit one as a number. */
const sha1 = z.union([z.string(), z.number()]).transform((value) => String(value).padStart(8, '0'))

export const ipctoolDescriptionSchema = z.object({
  rom: z.array(z.object({
    type: z.string().optional(),
    partitions: z.array(z.object({
      name: word,
      size,
      sha1: sha1.optional(),
      dump_type: z.string().optional(),
      /** Of a partition that belongs to UBI: the backup holds one block for each of these instead of one for the partition. */
      ubi_volumes: z.array(z.object({ vol_id: z.number().int().min(0).max(127), vol_name: word, data_bytes: size, sha1: sha1.optional() })).max(64).optional(),
    })).max(64),
  })).min(1),
  chip: z.object({ model: z.string().optional() }).loose().optional(),
}).loose()
export type IpctoolDescription = z.infer<typeof ipctoolDescriptionSchema>
