$options
SET enable_nestloop = off
-- What the bodies rely on, whatever the user's session has set.
SET timezone = 'UTC' SET standard_conforming_strings = on SET extra_float_digits = 1
SET row_security = off
