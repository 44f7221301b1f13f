import { arch, platform, release } from 'node:os'
import { version } from 'node:process'

/** What somebody who looks into a fault asks first. */
export const systemFacts = (): Readonly<Record<string, string>> => ({ Node: version, System: `${platform()} ${release()} ${arch()}` })
