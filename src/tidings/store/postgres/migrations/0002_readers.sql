-- Those who read the log: how far each has come, and who alone may do what until when (milliseconds since 1970).

CREATE TABLE cursor (
    name text COLLATE "C" PRIMARY KEY,
    position bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);

CREATE TABLE lease (
    name text COLLATE "C" PRIMARY KEY,
    holder text NOT NULL,
    until bigint NOT NULL
);
