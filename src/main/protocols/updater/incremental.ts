import type { DevicePath } from '../../../shared/devices/deviceFs.ts'
import { incrementalSchema } from '../../../shared/ota/packageManifest.schema.ts'
import { readAs } from '../../../shared/ota/readAs.ts'
import { updaterFault } from '../../../shared/ota/updaterFault.ts'
import { type AlsoAllowed, placeOf } from './manifest.ts'
import { versionNumbers } from './version.ts'

/** Of a package that brings only what changed: which version it builds on, and what of that goes. */
export interface Incremental {
  readonly base: string
  /** In the folder of the version; a folder means all that is in it. */
  readonly deleted: readonly DevicePath[]
}

const refuse = (what: string): Error => updaterFault('INVALID_MANIFEST', `incremental.json: ${what}`, { hint: 'The package has to be made anew' })
/** References of a release stand there with their v or without it. */
const versionOfRef = (ref: string): string | undefined => { const plain = ref.replace(/^v/, ''); return versionNumbers(plain) ? plain : undefined }

export function parseIncremental(text: string, version: string, also: AlsoAllowed = []): Incremental {
  const { base_ref: base, head_ref: head, deleted } = readAs(incrementalSchema, parsed(text), refuse)
  if (base === undefined || base === '') throw updaterFault('INCREMENTAL_BASE_MISSING', 'the package is incremental and does not say on which version')
  const named = versionOfRef(base)
  if (named === undefined) throw updaterFault('INCREMENTAL_BASE_INVALID', `${JSON.stringify(base)} is no version that a package could build on`)
  if (head !== undefined && versionOfRef(head) !== version) throw refuse(`it leads to ${JSON.stringify(head)}, and the package is version ${version}`)
  if (named === version) throw updaterFault('INCREMENTAL_BASE_INVALID', `version ${version} cannot build on itself`)
  return { base: named, deleted: deleted.map((path) => placeOf(path, 'deleted', also, refuse).path) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch {
    throw refuse('it is not JSON')
  }
}

export const isDeleted = ({ deleted }: Pick<Incremental, 'deleted'>, path: DevicePath): boolean => deleted.some((each) => path === each || path.startsWith(`${each}/`))
