import { join } from 'node:path'
import { makeFoldersSync } from '../drivers/files/makeFolders.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { defaultChannel, defaultProduct } from '../../shared/ota/registry.schema.ts'
import type { AuditLog } from '../core/audit/auditLog.ts'
import { createProfiles } from '../core/ota/registry/productProfiles.ts'
import { createRegistry, type Registry } from '../core/ota/registry/registry.ts'
import type { FirmwareSource } from '../drivers/http/registryDoor.ts'
import { hashHex } from '../drivers/host/randomness.ts'
import type { DiskCalls } from '../drivers/storage/diskCalls.ts'
import { listFirmware } from '../drivers/storage/registry/firmwareFolder.ts'
import { createImageFolder } from '../drivers/storage/registry/imageFiles.ts'
import { errnoOf, reasonOf } from '../drivers/errors/reasonOf.ts'
import { openSqliteRegistry } from '../drivers/storage/registry/sqliteRegistry.ts'
import { readEspDescription } from '../protocols/espImage/parser.ts'

export interface RegistryFolderDeps {
  readonly folder: string
  readonly clock: Clock
  readonly audit: Pick<AuditLog, 'around'>
  /** For the rows of releases: "web, lab". */
  readonly who: string
  readonly log: (line: string) => void
  readonly disk?: DiskCalls
  /** Of the file of releases. */
  readonly maxBytes?: number | undefined
}

export interface OpenRegistry extends Registry {
  /** Files put into the folder by hand; the newest that can be used is offered, unless it was known before. */
  scanFolder(signal: AbortSignal): Promise<void>
  close(): void
}

/** The registry of one folder; other processes may have it open, too. */
export async function openRegistry({ folder, clock, audit, who, log, disk, maxBytes }: RegistryFolderDeps): Promise<OpenRegistry> {
  try {
    makeFoldersSync(folder, 0o700)
  } catch (cause) {
    throw new WorkbenchError(errnoOf(cause) === 'EACCES' ? 'host/no-permission' : 'host/io', `The folder ${folder} of the registry cannot be made: ${reasonOf(cause)}`, { cause, hint: 'Choose another with --dir, where this user may write' })
  }
  const rows = openSqliteRegistry(join(folder, 'registry.sqlite'), { maxBytes })
  try {
    const files = createImageFolder(join(folder, 'images'), clock.wallMs, disk)
    const registry = createRegistry({
      rows, files, clock, audit, who, log, profileOf: createProfiles(), readWords: readEspDescription,
      hashText: (text) => hashHex('sha256', new TextEncoder().encode(text)),
    })
    await files.sweep(new Set(rows.images().map(({ sha256 }) => sha256)))
    return {
      ...registry, close: () => { rows.close() },
      scanFolder: async (signal) => { await registry.scan(await listFirmware(folder) ?? [], { product: defaultProduct, channel: defaultChannel }, signal) },
    }
  } catch (error) {
    rows.close()
    throw error
  }
}

/** What the door asks of a registry. */
export const sourceOf = (registry: Registry): FirmwareSource => ({
  latest: registry.latest, imageFor: registry.imageFor, upload: registry.upload,
  fetched: (facts, kind, version) => { registry.nodes.fetched(facts, kind, version) },
})
