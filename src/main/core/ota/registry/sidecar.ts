import { compileTimeSchema, firmwareVersionSchema, sidecarSchema } from '../../../../shared/ota/registry.schema.ts'
import { versionOfStem } from './firmwareVersion.ts'

/** What lies beside an image. Anything in it that cannot be used is as good as absent. */
export function readSidecar(text: string): { readonly version?: string; readonly compileTime?: string } {
  try {
    const { version, compile_time } = sidecarSchema.parse(JSON.parse(text))
    const [told, built] = [firmwareVersionSchema.safeParse(version), compileTimeSchema.safeParse(compile_time)]
    return { ...(told.success ? { version: told.data } : {}), ...(built.success ? { compileTime: built.data } : {}) }
  } catch {
    return {} // no JSON, or none of ours: the name of the file decides
  }
}

/** The sidecar's version wins; its compile time stays, also where the version comes from the name. */
export function identityOfFile(name: string, sidecar: string | undefined): { readonly version: string | undefined; readonly compileTime: string | undefined } {
  const { version, compileTime } = sidecar === undefined ? {} : readSidecar(sidecar)
  return { version: version ?? versionOfStem(name.replace(/\.bin$/, '')), compileTime }
}
