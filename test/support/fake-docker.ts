// Docker made up, for what the doctor asks it.

/** Docker, by what its arguments hold. */
export const docker = (answers: Readonly<Record<string, string>>): string =>
  `case "$*" in
    ${Object.entries(answers)
      .map(([asked, answer]) => `*'${asked}'*) ${answer} ;;`)
      .join('\n')}
  esac`;
