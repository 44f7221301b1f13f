import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { ackJsonSchema, commandJsonSchema } from '../../../shared/fleet/command.schema.ts'

/** Undefined when the value keeps the frozen contract; else where it does not, in a few words. */
export type ContractCheck = (value: unknown) => string | undefined

/** The JSON Schemas that both ends agreed on, whatever our own types say. */
export function createFrozenContract(): { readonly command: ContractCheck; readonly ack: ContractCheck } {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, allowUnionTypes: true })
  addFormats(ajv)
  const check = (schema: object): ContractCheck => {
    const validate = ajv.compile(schema)
    return (value) => validate(value) ? undefined : ajv.errorsText(validate.errors, { dataVar: 'message' }).slice(0, 400)
  }
  return { command: check(commandJsonSchema), ack: check(ackJsonSchema) }
}
