/** For the command line, which reads the file of a board and knows no driver. */
export { parseYaml } from '../drivers/files/yamlText.ts'
