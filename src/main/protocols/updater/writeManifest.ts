import { defaultOrder, type PackageManifest, type PackageModule } from './manifest.ts'

/** `manifest.json` as its reader takes it; what is left out there is left out here. */
export function writePackageManifest({ version, modules }: PackageManifest): string {
  return `${JSON.stringify({ version, modules: modules.map(rawOf) }, undefined, 2)}\n`
}

const rawOf = ({ name, src, dst, unit, order, postCommands, md5, sha256, sizeBytes }: PackageModule): object => ({
  name, src, dst, process_name: unit, restart_order: order === defaultOrder ? undefined : order, post_cmds: postCommands.length > 0 ? postCommands : undefined, md5, sha256, size: sizeBytes,
})

/** `incremental.json` for the step between two versions. */
export const writeIncremental = (base: string, head: string, deleted: readonly string[]): string =>
  `${JSON.stringify({ type: 'incremental', base_ref: `v${base}`, head_ref: `v${head}`, deleted }, undefined, 2)}\n`
