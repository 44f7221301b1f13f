import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolders } from '../files/makeFolders.ts'
import { z } from 'zod'
import { powerSpecSchema } from '../../../shared/devices/powerSpec.schema.ts'
import { cameraIdSchema, podIdSchema } from '../../../shared/devices/ids.ts'
import { snapshotUrlSchema } from '../../../shared/pictures/pictures.schema.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { inventorySchema } from '../../../shared/rack/inventory.schema.ts'

export const maxPods = 1000

export const rackFileSchema = z.object({
  version: z.literal(1),
  pods: z.array(z.object({
    id: podIdSchema, name: z.string().max(64), url: z.string().max(512), cameraId: cameraIdSchema, cameraName: z.string().max(64), chip: z.string().max(64),
    power: powerSpecSchema.optional(),
    /** Absent in files of before there was one. */
    inventory: inventorySchema.optional(),
    snapshotUrl: snapshotUrlSchema.optional(),
  })).max(maxPods),
})
export type RackFile = z.infer<typeof rackFileSchema>

/** The rack as the person set it up. Replaced whole, by rename, so that a power cut leaves the old one or the new one. */
export async function loadRack(path: string): Promise<RackFile> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { version: 1, pods: [] }
    throw new WorkbenchError('host/io', `${path} cannot be read`, { cause: error })
  }
  try {
    return rackFileSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new WorkbenchError('input/malformed', `${path} is damaged`, { cause, hint: 'Mend it or move it away; the rack is then empty and pods can be added again' })
  }
}

/** Another one after each change; empty while there is no file. */
export async function rackFileStamp(path: string): Promise<string> {
  try {
    const { ino, mtimeMs, size } = await stat(path)
    return `${ino} ${mtimeMs} ${size}`
  } catch {
    return ''
  }
}

export async function saveRack(path: string, rack: RackFile): Promise<void> {
  try {
    await makeFolders(dirname(path))
    const beside = `${path}.new`
    await writeFile(beside, `${JSON.stringify(rack, undefined, 2)}\n`, { mode: 0o600, flush: true })
    await rename(beside, path)
  } catch (cause) {
    throw new WorkbenchError('host/io', `${path} cannot be written`, { cause, hint: 'Is the disk full, or the folder read-only?' })
  }
}
