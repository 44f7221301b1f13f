import { z } from 'zod'
import { flashKindSchema } from '../restore/restore.schema.ts'

const bytes = z.number().int().min(0)
/** Offsets in flash, far more than a usable chip has. */
const badBlocks = z.array(bytes).max(8192)

/** The file beside the parts of a dump: what it is of, and where each part belongs. */
export const dumpRecordName = 'dump.json'

/** Of a dump that is one file: beside it. */
export const recordPathOf = (path: string): string => `${path}.${dumpRecordName}`

export const dumpRecordSchema = z.object({
  format: z.literal('rackbench-dump'),
  version: z.literal(1),
  /** For people; `createdAtMs` is the same moment, ms since 1970. */
  created: z.string().max(64),
  createdAtMs: z.number(),
  chip: z.string().max(64),
  flash: z.object({
    name: z.string().max(64), jedecId: z.string().max(16).optional(), lengthBytes: bytes,
    /** Absent in dumps of before it was asked: NOR. */
    kind: flashKindSchema.optional(),
    /** Of a NAND: what is read or written, and what is erased, at once. */
    pageBytes: bytes.optional(), blockBytes: bytes.optional(),
    /** Offsets of the whole chip's bad blocks. */
    badBlocks: badBlocks.optional(),
  }),
  /** MAC address of the camera; absent when its environment has none. */
  ethaddr: z.string().max(64).optional(),
  ubootVersion: z.string().max(200),
  /** Where the parts belong, in the kernel's grammar; `mtdN` is entry N. */
  mtdparts: z.string().max(4096),
  /** Absent: a folder. */
  form: z.enum(['image', 'ipctool']).optional(),
  layoutFrom: z.enum(['request', 'mtdparts', 'bootargs', 'whole flash']),
  parts: z.array(z.object({
    /** In a dump that is one file: the place of the part in it. */
    file: z.string().regex(/^(?:mtd\d{1,3}|flash)$/), name: z.string().max(64), offsetBytes: bytes, lengthBytes: bytes,
    crc32: z.string().regex(/^[0-9a-f]{8}$/), sha256: z.string().regex(/^[0-9a-f]{64}$/),
    /** Of its partition, which is longer than the file by as many blocks. */
    badBlocks: badBlocks.optional(),
  })).max(64),
})
export type DumpRecord = z.infer<typeof dumpRecordSchema>
